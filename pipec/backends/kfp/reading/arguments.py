"""Settings that take an input of the component: parameters of the step that they name."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping
from typing import Any

import libcst as cst

from pipec.backends.kfp.endings import BODY
from pipec.backends.kfp.reading.documents import Documents, Path
from pipec.backends.kfp.reading.names import identifier
from pipec.ir import TaskPolicy
from pipec.ir.arguments import is_argument

WHOLE = re.compile(r"\{\{\$\.inputs\.parameters\['([^']+)'\]\}\}")
"""All of a value that the server replaces by the text of an input."""
CHANNEL = "pipelinechannel--"
DEVICES = "targets.kfp.accelerator"
"""The native setting of devices that have no name."""
WIDTH = 120


def asked(value: str, task: Mapping[str, Any]) -> str:
    """The input that `value` is in the run, where the task gives it; else ""."""
    found = WHOLE.fullmatch(value)
    given = (task.get("inputs") or {}).get("parameters") or {}
    return found[1] if found and found[1] in given else ""


def of_run(documents: Documents, path: Path, source: Any, kinds: tuple[str, ...]) -> dict[str, Any] | None:
    """The parameter of the pipeline that a setting is, where the task at `path` is the pipeline's own.

    What may be missing, or is no text, has to be there for settings alone: only then the run's parameter has that type.
    """
    name = source.get("componentInputParameter") if isinstance(source, Mapping) else None
    root = documents.spec["root"]
    given = ((root.get("inputDefinitions") or {}).get("parameters") or {}).get(name) or {}
    outer = path[0] == "root" or path[1] == f"comp-{BODY}"
    if not isinstance(name, str) or name != identifier(name) or given.get("parameterType") not in kinds or not outer:
        return None
    missing = given.get("isOptional") and "defaultValue" not in given
    if (missing or given["parameterType"] != "STRING") and (_is_read(documents, name) or not missing):
        return None
    return {"componentInputParameter": name}


def _is_read(documents: Documents, name: str) -> bool:
    """Whether a task of the pipeline gets one of its parameters."""
    tasks = documents.spec["root"]["dag"]["tasks"].values()
    texts = [json.dumps([task.get(key) for key in ("inputs", "triggerPolicy", "parameterIterator")]) for task in tasks]
    return any(f'"{name}"' in text or f"'{name}'" in text for text in texts)


def renamed(policy: TaskPolicy, parameters: Mapping[str, str]) -> tuple[TaskPolicy, list[str]]:
    """`policy` with the parameters of the step for the inputs of its component, and the settings that have none."""
    if not policy.arguments:
        return policy, []
    kept = {part: parameters[name] for part, name in policy.arguments.items() if name in parameters}
    lost = [part for part in policy.arguments if part not in kept]
    native = dict(policy.extensions.get("kfp", {}))
    if any(part.startswith(DEVICES) for part in lost):
        native.pop("accelerator", None)
        kept = {part: name for part, name in kept.items() if not part.startswith(DEVICES)}
    elif "accelerator" in native:
        native["accelerator"] = {
            key: {"argument": parameters[name]} if (name := is_argument(value)) else value
            for key, value in native["accelerator"].items()
        }
    if "gpu.count" in lost:
        policy = policy.model_copy(update={"accelerator": None})
    update = {"arguments": kept, "extensions": {"kfp": native} if native else {}}
    return policy.model_copy(update=update), lost


def with_parameters(source: str, wanted: list[str]) -> tuple[str, dict[str, str]]:
    """The function `source` with one more parameter for each of the inputs `wanted`, and what they are called."""
    taken = {n.id for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Name)}
    taken |= {n.arg for n in ast.walk(ast.parse(source)) if isinstance(n, ast.arg)}
    names: dict[str, str] = {}
    for one in wanted:
        names[one] = identifier(one.removeprefix(CHANNEL))
        while names[one] in taken:
            names[one] += "_setting"
        taken.add(names[one])
    module = cst.parse_module(source)
    body = [_more(node, [*names.values()]) if isinstance(node, cst.FunctionDef) else node for node in module.body]
    return module.with_changes(body=body).code, names


def _more(function: cst.FunctionDef, names: list[str]) -> cst.FunctionDef:
    """`function` with further parameters that are texts: keywords, unless they are all that it has."""
    params = function.params
    added = [cst.Param(cst.Name(name), cst.Annotation(cst.Name("str"))) for name in names]
    if params.deep_equals(cst.Parameters()):
        return function.with_changes(params=params.with_changes(params=added))
    star = params.star_arg
    if isinstance(star, cst.MaybeSentinel) and not params.kwonly_params:
        star = cst.ParamStar()
    kwonly = (*(p.with_changes(comma=cst.MaybeSentinel.DEFAULT) for p in params.kwonly_params), *added)
    positional = tuple(p.with_changes(comma=cst.MaybeSentinel.DEFAULT) for p in params.params)
    changed = params.with_changes(params=positional, star_arg=star, kwonly_params=kwonly)
    made = function.with_changes(params=changed)
    longest = max(map(len, cst.Module([made.with_changes(body=cst.SimpleStatementSuite([]))]).code.splitlines()))
    return made if longest <= WIDTH else _apart(made)


def _apart(function: cst.FunctionDef) -> cst.FunctionDef:
    """`function` with a line for each parameter."""
    inner = cst.ParenthesizedWhitespace(indent=True, last_line=cst.SimpleWhitespace("    "))
    comma, last = (
        cst.Comma(whitespace_after=inner),
        cst.Comma(whitespace_after=cst.ParenthesizedWhitespace(indent=True)),
    )
    params = function.params
    star: Any = params.star_arg
    if isinstance(star, (cst.Param, cst.ParamStar)):
        star = star.with_changes(comma=comma)
    *others, end = params.kwonly_params
    kwonly = (
        *(p.with_changes(comma=comma) for p in others),
        end.with_changes(comma=comma if params.star_kwarg else last),
    )
    changed = params.with_changes(
        posonly_params=tuple(p.with_changes(comma=comma) for p in params.posonly_params),
        params=tuple(p.with_changes(comma=comma) for p in params.params),
        star_arg=star,
        kwonly_params=kwonly,
        star_kwarg=params.star_kwarg.with_changes(comma=last) if params.star_kwarg else None,
    )
    return function.with_changes(params=changed, whitespace_before_params=inner)
