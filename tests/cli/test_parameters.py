"""`--param k=v` is JSON where that gives a value of the parameter's type, else text."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from pipec.api import UsageError
from pipec.api.parameters import check, value_for
from pipec.ir import NOWHERE, Const, Parameter, Pipeline
from pipec.ir.literals import source_of
from tests.cli.conftest import Pipec

TABLE: list[tuple[str, str, Any]] = [
    ("int", "7", 7),
    ("int", str(2**70), 2**70),
    ("int", "7.0", "7.0"),
    ("int", "true", "true"),
    ("int", "seven", "seven"),
    ("float", "7", 7.0),
    ("float", "1e3", 1000.0),
    ("float", "Infinity", math.inf),
    ("float", "true", "true"),
    ("str", "7", "7"),
    ("str", "a=b c", "a=b c"),
    ("str", '"quoted"', "quoted"),
    ("str", "null", "null"),
    ("str", "", ""),
    ("bool", "true", True),
    ("bool", "1", "1"),
    ("str | None", "null", None),
    ("str | None", "5", "5"),
    ("Optional[int]", "null", None),
    ("Optional[int]", "5", 5),
    ("int | float", "5", 5),
    ("float | int", "5", 5),
    ("int | str", "5", 5),
    ("Union[float, str]", "x", "x"),
    ("list", "[1, [2]]", [1, [2]]),
    ("list[int]", "[1, 2]", [1, 2]),
    ("list[int]", '["a"]', '["a"]'),
    ("list[float]", "[1, 2.5]", [1.0, 2.5]),
    ("tuple[int, str]", '[1, "a"]', (1, "a")),
    ("tuple[int, ...]", "[1, 2, 3]", (1, 2, 3)),
    ("tuple[int, str]", "[1]", "[1]"),
    ("dict[str, int]", '{"a": 1}', {"a": 1}),
    ("dict[int, str]", '{"1": "a"}', {1: "a"}),
    ("dict[int, str]", '{"x": "a"}', '{"x": "a"}'),
    ('Literal["a", 2]', '"a"', "a"),
    ('Literal["a", 2]', "a", "a"),
    ('Literal["a", 2]', "2", 2),
    ('"int"', "3", 3),
    ("Any", "[1]", [1]),
    ("SomeTypedDict", '{"a": 1}', {"a": 1}),
    ("object", "plain", "plain"),
]


@pytest.mark.parametrize(("annotation", "text", "value"), TABLE, ids=lambda x: str(x))
def test_by_annotation(annotation: str, text: str, value: Any) -> None:
    found = value_for(Parameter(name="x", annotation=annotation, span=NOWHERE), text)
    assert (type(found), found) == (type(value), value)


@pytest.mark.parametrize(
    ("default", "text", "value"), [(1, "7", 7), ("a", "7", "7"), (1.0, "7", 7.0), (None, "7", 7), ([], "[1]", [1])]
)
def test_without_annotation_the_default_tells(default: Any, text: str, value: Any) -> None:
    found = value_for(Parameter(name="x", default=Const(source=source_of(default)), span=NOWHERE), text)
    assert (type(found), found) == (type(value), value)


def test_values_from_programs_are_checked_too() -> None:
    parameters = (Parameter(name="x", annotation="int", span=NOWHERE),)
    pipeline = Pipeline(name="p", function="p", module="m", file="m.py", parameters=parameters, span=NOWHERE)
    assert check(pipeline, {"x": (1, {2: math.nan})}) is not None
    for values, told in (
        ({}, "needs --param x"),
        ({"x": 1, "y": 2}, "no parameter 'y'"),
        ({"x": object()}, "no plain"),
    ):
        with pytest.raises(UsageError, match=told):
            check(pipeline, values)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["nope=1"], "has no parameter 'nope'; it has rows, limit, name"),
        (["rows"], "write NAME=VALUE"),
        (["rows=1", "rows=2"], "given twice"),
    ],
)
def test_wrong_usage(project: Path, pipec: Pipec, given: list[str], told: str) -> None:
    for command in ("run", "verify"):
        done = pipec(command, "small.py", *(word for text in given for word in ("--param", text)))
        assert done.exit_code == 2 and told in done.stderr


def test_required(project: Path, pipec: Pipec) -> None:
    source = (project / "small.py").read_text()
    (project / "small.py").write_text(source.replace("rows: int = 4", "rows: int"))
    done = pipec("run", "small.py")
    assert done.exit_code == 2 and "needs --param rows=..." in done.stderr
    assert pipec("run", "small.py", "-p", "rows=5").stdout == '"total 10"\n'
