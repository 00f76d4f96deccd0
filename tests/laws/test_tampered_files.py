"""Whatever somebody has changed in a file, a reader ends in a module or in findings: never in an error of pipec's own."""

from __future__ import annotations

import copy
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipec.backends import get, names
from pipec.compiler.diagnostics import Report
from pipec.compiler.reading import Source, render
from tests.support.discovery import ROOT

WRITTEN = "tests/cases/*/built/{}/*"
"""By pipec."""
READ = "tests/reading/{}*/*/original.*"
"""By people and by other compilers."""
VALUES = (None, 3, -1, 0.5, float("nan"), True, "", "x", "{{$.workspace_path}}", [], ["y"], {}, {"a": 1})
WORDS = ("None", "0", "1.5", "x", "self", "[]", "{}", "''", "", "*x", "lambda: 0", "not x", "f'{x}'")


def files(target: str) -> list[Path]:
    """What there is to be read."""
    found = [*ROOT.glob(WRITTEN.format(target)), *ROOT.glob(READ.format(target))]
    return sorted(file for file in found if file.suffix in (".py", ".yaml"))


def tampered(text: str, is_yaml: bool, random: Random) -> str:
    """`text` with some places changed."""
    return _tampered_yaml(text, random) if is_yaml else _tampered_python(text, random)


def _tampered_yaml(text: str, random: Random) -> str:
    documents = list(yaml.load_all(text, Loader=yaml.CSafeLoader))
    for _ in range(random.randint(1, 2)):
        places = [place for place in _places(documents) if len(place) > 1]
        *around, key = random.choice(places)
        holder = _at(documents, around)
        match random.choice(("drop", "copy", "value", "value")):
            case "drop" if isinstance(holder, dict):
                del holder[key]
            case "copy":
                holder[key] = copy.deepcopy(_at(documents, random.choice(places)))
            case _:
                holder[key] = copy.deepcopy(random.choice(VALUES))
    return str(yaml.dump_all(documents, Dumper=yaml.CSafeDumper, sort_keys=False))


def _places(value: Any, *path: Any) -> Iterator[tuple[Any, ...]]:
    yield path
    if isinstance(value, (dict, list)):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _places(inner, *path, key)


def _at(value: Any, path: Any) -> Any:
    for key in path:
        value = value[key]
    return value


def _tampered_python(text: str, random: Random) -> str:
    lines = text.split("\n")
    for _ in range(random.randint(1, 3)):
        one, other = random.randrange(len(lines)), random.randrange(len(lines))
        match random.choice(("drop", "copy", "swap", "word")):
            case "drop":
                del lines[one]
                lines = lines or [""]
            case "copy":
                lines.insert(one, lines[other])
            case "swap":
                lines[one], lines[other] = lines[other], lines[one]
            case _:
                words = re.findall(r"\w+|\W", lines[one]) or [""]
                words[random.randrange(len(words))] = random.choice((*WORDS, random.choice(words)))
                lines[one] = "".join(words)
    return "\n".join(lines)


def survives(target: str, random: Random) -> None:
    """One file of a target, tampered with, is read."""
    file = random.choice(files(target))
    text = tampered(file.read_text(encoding="utf-8"), file.suffix == ".yaml", random)
    reader = get(target).reader
    report = Report()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        outcome = reader.read(Source(file, file.name, text, file.parent), report)
    if outcome.module is not None:
        render(outcome.module)
    else:
        assert list(report), "there is neither a module nor a finding"


@pytest.mark.parametrize("target", names())
def test_readers_survive(target: str) -> None:
    """A few; others each time where there is time for them."""

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), database=None, derandomize=True)
    @given(st.randoms(use_true_random=True))
    def law(random: Random) -> None:
        survives(target, random)

    law()


@pytest.mark.slow
@pytest.mark.parametrize("target", names())
def test_readers_survive_much(target: str) -> None:
    @settings(max_examples=4000, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(st.randoms(use_true_random=True))
    def law(random: Random) -> None:
        survives(target, random)

    law()
