"""Caches that expire on a KFP server: its own rules for keys, at times that the test sets."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from pipec.compiler.diagnostics.target import LossySetting
from tests.native.test_kfp import _strict, compiled
from tests.support.building import build
from tests.support.discovery import ROOT, Case
from tests.support.pipelinespec.server import Run, Server, surroundings

yaml = pytest.importorskip("yaml")
pytest.importorskip("celpy")

NESTED = Case(ROOT / "tests" / "cases" / "settings_cache_nested")
DAY = 86_400
WEEK = 7 * DAY


class At:
    """A server with a cache, and a pipeline that it runs at given times."""

    def __init__(self, folder: Path, text: str) -> None:
        self.server = Server(folder, surroundings(), caching=True)
        self.text = text

    def run(self, seconds: float) -> Run:
        """Run the pipeline, which begins at this time."""
        done = self.server.run(self.text.replace("time.time()", str(seconds)), {})
        assert done.status == "succeeded", done.errors
        return done

    def calls(self, seconds: float) -> Counter[tuple[str, str]]:
        """How many calls of each step have run, or hit."""
        wanted = ("load", "describe", "fetch", "again")
        found = [(s.task.partition("-")[0], s.status) for s in self.run(seconds).steps]
        return Counter(entry for entry in found if entry[0] in wanted)


def test_all_calls_of_a_step_expire_together(tmp_path: Path) -> None:
    output = build(NESTED, "kfp")
    (text,) = (output.files[name] for name in output.main)
    at = At(tmp_path, text)
    first = at.calls(100 * WEEK)
    assert first == {("load", "succeeded"): 9, ("describe", "succeeded"): 2}
    hits = {(step, "cached"): count for (step, _), count in first.items()}
    assert at.calls(100 * WEEK + 6.9 * DAY) == hits, "still the same window"
    assert at.calls(101 * WEEK) == first, "the next one"
    assert at.calls(101 * WEEK + DAY) == hits


def test_a_run_asks_once_for_the_time(tmp_path: Path) -> None:
    output = build(NESTED, "kfp")
    (text,) = (output.files[name] for name in output.main)
    assert [s.task for s in At(tmp_path, text).run(WEEK).steps].count("cache-window-7d") == 1


CONTAINER = """
NAME = container(
    "python:3.12-slim", command=["python3", "-c", "PROGRAM"], args=["{n}", "{out}"],
    inputs={"n": int}, outputs={"out": int}, cache=CACHE,
)
"""
PIPELINE = """
@pipeline
def p(n: int = 1) -> int:
    return again(fetch(n))
"""
PROGRAM = "import os, sys; os.makedirs(os.path.dirname(sys.argv[2]), exist_ok=True); open(sys.argv[2], 'w').write(sys.argv[1])"


NATIVE = """
NAME = native(
    "kfp",
    'dsl.ContainerSpec(image="python:3.12-slim", command=["python3", "-c", "PROGRAM"], args=[f"{n}", out])',
    imports=["from kfp import dsl"], inputs={"n": int}, outputs={"out": int}, cache=CACHE,
)
"""
FORMS = {"container": CONTAINER, "native": NATIVE}


def document(folder: Path, kind: str, **caches: str) -> str:
    """The document of a pipeline with a container for each of `caches`; all of them do the same."""
    program = PROGRAM.replace("'w'", "chr(119)")  # a native step is one text, in the other quotes
    texts = [FORMS[kind].replace("NAME", name).replace("CACHE", cache) for name, cache in caches.items()]
    source = "from pipec import Cache, container, native\n" + "".join(texts).replace("PROGRAM", program) + PIPELINE
    _, bundle, _ = compiled(folder, source)
    text = bundle.files[bundle.main]
    first, *more = yaml.safe_load_all(text)
    _strict(first, more)
    return text


@pytest.mark.parametrize("kind", FORMS)
@pytest.mark.parametrize(("expires", "stays"), [("fetch", "again"), ("again", "fetch")])
def test_results_of_containers_expire(tmp_path: Path, expires: str, stays: str, kind: str) -> None:
    """Also beside one that does the same and keeps its results: a server has one interface for both."""
    at = At(tmp_path / "server", document(tmp_path, kind, **{expires: '"1.5h"', stays: "True"}))
    ran, hit = "succeeded", "cached"
    assert at.calls(5400 * 10) == {(expires, ran): 1, (stays, ran): 1}
    assert at.calls(5400 * 10.9) == {(expires, hit): 1, (stays, hit): 1}
    assert at.calls(5400 * 11) == {(expires, ran): 1, (stays, hit): 1}


@pytest.mark.parametrize("kind", FORMS)
def test_versions_of_containers(tmp_path: Path, kind: str) -> None:
    """No program of pipec's runs in them, which could hold the version; another one is another key all the same."""

    def made(version: str) -> str:
        return document(tmp_path, kind, fetch=f'Cache(version="{version}")', again='Cache(version="0")')

    ran, hit = "succeeded", "cached"
    at = At(tmp_path / "server", made("1"))
    assert at.calls(0) == {("fetch", ran): 1, ("again", ran): 1}
    assert at.calls(0) == {("fetch", hit): 1, ("again", hit): 1}
    at.text = made("2")
    assert at.calls(0) == {("fetch", ran): 1, ("again", hit): 1}


IMPORTED = """
from pathlib import Path

@step(cache=True)
def written(n: int) -> Path:
    path = Path(f"{n}.txt")
    path.write_text("x" * n)
    return path

@step(cache=True)
def size(path: Path) -> int:
    return path.stat().st_size

@pipeline
def p(n: int = 3) -> int:
    TAKEN
    return size(path)
"""


@pytest.mark.parametrize(
    ("taken", "states", "losses"),
    [
        (["path = written(n)"], {"cached"}, []),
        (["if n > 2:", "    path = written(n)", "else:", "    path = written(2)"], {"succeeded"}, ["size"]),
        (
            [
                "ones = [written(k) for k in range(1, n)]",
                "sizes = [size(one) for one in ones]",
                "path = written(max(sizes))",
            ],
            {"cached", "succeeded"},
            ["size"],
        ),
    ],
)
def test_artifacts_that_each_run_imports_are_never_found_again(
    tmp_path: Path, taken: list[str], states: set[str], losses: list[str]
) -> None:
    """A server's key has the ids of artifacts, and not where they lie; the loss is named."""
    _, bundle, report = compiled(tmp_path, IMPORTED.replace("TAKEN", "\n    ".join(taken)))
    server = Server(tmp_path / "server", surroundings(), caching=True)
    for _ in range(2):
        done = server.run(bundle.files[bundle.main], {})
        assert done.status == "succeeded", done.errors
    assert {s.status for s in done.steps if s.task.startswith("size")} == states
    assert [f.step for f in report if isinstance(f, LossySetting)] == losses
