"""Trigger conditions and selectors: CEL, as the drivers evaluate it."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import celpy

from tests.support.pipelinespec.errors import DriverError
from tests.support.pipelinespec.values import text_of


def _parse(text: Any) -> Any:
    return celpy.json_to_cel(json.loads(text))


@cache
def _program(source: str) -> Any:
    environment = celpy.Environment()
    return environment.program(environment.compile(source), functions={"parseJson": _parse})


def _evaluate(source: str, variables: dict[str, Any]) -> Any:
    try:
        return _program(source).evaluate({name: celpy.json_to_cel(value) for name, value in variables.items()})
    except (celpy.CELEvalError, celpy.CELParseError) as error:
        raise DriverError(f"evaluation error: {source}: {error}") from error


def triggers(condition: str, inputs: dict[str, Any]) -> bool:
    """Whether a task with these inputs runs. A name that is no input is an error, as is any result but a bool."""
    result = _evaluate(condition, {"inputs": {"parameter_values": inputs}})
    if not isinstance(result, celpy.celtypes.BoolType):
        raise DriverError(f"evaluation error: {condition}: return type is not bool, got {result!r}")
    return bool(result)


def select(selector: str, value: Any) -> Any:
    """What a `parameterExpressionSelector` takes out of an input."""
    return json.loads(json.dumps(_evaluate(selector, {"string_value": text_of(value)}), cls=celpy.CELJSONEncoder))
