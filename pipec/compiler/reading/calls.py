"""Settings of several calls of one step: where they differ, each call gives its own by an argument."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipec.compiler.reading.arguments import Named
from pipec.compiler.units import parse_bytes, parse_cpu, parse_duration
from pipec.ir import Resources, TaskPolicy
from pipec.ir.arguments import is_argument

Path = tuple[str, ...]
"""A setting, or a part of one: `("secrets", "TOKEN", "name")`."""
ALIKE = ("retry", "cache", "updates", "deadline", "on_failure", "fuse")
"""What is the same for all calls of a step, and never an argument."""
AMOUNTS = {"cpu": parse_cpu, "cpu_limit": parse_cpu, "timeout": parse_duration}
AMOUNTS |= dict.fromkeys(("memory", "memory_limit", "disk", "shm"), parse_bytes)


@dataclass(frozen=True)
class Asked:
    """One call of a step."""

    policy: TaskPolicy
    arguments: Mapping[str, Any] = field(default_factory=dict)
    """Parameter -> what it gets, where that is a constant."""


def constants(function: ast.FunctionDef, call: ast.Call) -> dict[str, Any]:
    """Parameter -> what `call` of `function` gives it, or else its default, where that is a literal."""
    given = function.args
    positional = [*given.posonlyargs, *given.args]
    pairs: list[tuple[str, ast.expr | None]] = [
        *((a.arg, d) for a, d in zip(reversed(positional), reversed(given.defaults))),
        *((a.arg, d) for a, d in zip(given.kwonlyargs, given.kw_defaults)),
    ]
    found: dict[str, ast.expr | None] = {a.arg: None for a in (*positional, *given.kwonlyargs)}
    found.update(pairs)
    for parameter, value in zip(positional, call.args):
        if isinstance(value, ast.Starred):
            return {}
        found[parameter.arg] = value
    if any(keyword.arg is None for keyword in call.keywords):
        return {}
    found |= {str(keyword.arg): keyword.value for keyword in call.keywords if keyword.arg in found}
    return {name: value for name, node in found.items() for value in _literal(node)}


def _literal(node: ast.expr | None) -> Iterator[Any]:
    try:
        yield from () if node is None else (ast.literal_eval(node),)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return


def policy_of(calls: Sequence[Asked]) -> TaskPolicy | None:
    """The policy from which each call gets its own, with `arguments` where they differ; `None` if there is none."""
    first = calls[0].policy
    if all(call.policy == first for call in calls):
        return first
    if any(getattr(call.policy, name) != getattr(first, name) for call in calls for name in ALIKE):
        return None
    settings = [_settings(call.policy) for call in calls]
    arguments: dict[str, str] = {}
    for name in settings[0]:
        found = _explained((name,), [one[name] for one in settings], calls)
        if found is None:
            return None
        arguments |= {".".join(path): parameter for path, parameter in found.items()}
    return _without(first, arguments)


def _settings(policy: TaskPolicy) -> dict[str, Any]:
    """Every setting that can be an argument, with `Named` in the place of what is one."""
    gpu = policy.accelerator
    found: dict[str, Any] = {
        **dict(policy.resources),
        "gpu": None if gpu is None else {"name": gpu.name, "count": gpu.count, "memory": gpu.memory},
        "timeout": policy.timeout,
        "env": dict(policy.env),
        "secrets": {name: ref.model_dump() for name, ref in policy.secrets.items()},
        **dict(policy.placement),
        "tolerations": {str(i): one for i, one in enumerate(policy.placement.tolerations)},
        "targets": policy.extensions,
    }
    for part, parameter in policy.arguments.items():
        if not part.startswith("targets."):  # these stand in their places already
            found = _put(found, part.split("."), Named(parameter))
    return found


def _put(tree: Any, path: Sequence[str], value: Any) -> Any:
    """`tree` with `value` at `path`."""
    if not path:
        return value
    tree = tree if isinstance(tree, Mapping) else {}
    return {**tree, path[0]: _put(tree.get(path[0]), path[1:], value)}


def _explained(path: Path, values: Sequence[Any], calls: Sequence[Asked]) -> dict[Path, str] | None:
    """The parts of `path` that arguments give, and the parameters; `None` where no argument gives what differs."""
    if all(value == values[0] for value in values):
        return dict(_named(path, values[0]))
    names = [name for name in dict.fromkeys(n for call in calls for n in _parameters(call)) if _may_be(path)]
    for name in sorted(names, key=lambda name: name not in path):
        if all(_gives(path, value, name, call) for value, call in zip(values, calls)):
            return {path: name}
    parts = [_parts(value) for value in values]
    if any(part is None or part.keys() != (parts[0] or {}).keys() for part in parts):
        return None
    found: dict[Path, str] = {}
    for key in parts[0] or {}:
        inner = _explained((*path, key), [part[key] for part in parts if part is not None], calls)
        if inner is None:
            return None
        found |= inner
    return found


def _may_be(path: Path) -> bool:
    """Whether an argument can stand there: of native settings it is a part of one, not all of a target's."""
    return path[0] not in ("targets", "secrets") or len(path) > 2


def _parameters(call: Asked) -> Iterator[str]:
    yield from call.arguments
    yield from call.policy.arguments.values()


def _named(path: Path, value: Any) -> Iterator[tuple[Path, str]]:
    """Where in a setting arguments stand already."""
    if isinstance(value, Named) or is_argument(value):
        yield path, value.parameter if isinstance(value, Named) else is_argument(value)
        return
    for key, inner in (_parts(value) or {}).items():
        yield from _named((*path, key), inner)


def _parts(value: Any) -> dict[str, Any] | None:
    if isinstance(value, Mapping):
        return {str(key): inner for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return {str(i): inner for i, inner in enumerate(value)}
    return None


def _gives(path: Path, value: Any, name: str, call: Asked) -> bool:
    """Whether the argument of the parameter `name` makes the setting what it is in this call."""
    if isinstance(value, Named):
        return value.parameter == name
    if found := is_argument(value):
        return found == name
    if name not in call.arguments:
        return False
    try:
        given = _normal(path, call.arguments[name])
    except (ValueError, TypeError, AttributeError):
        return False
    return bool(given == value) and isinstance(given, bool) == isinstance(value, bool)


def _normal(path: Path, given: Any) -> Any:
    """An argument as the setting that it is."""
    if given is None:
        return {} if path in (("env",), ("node_selector",), ("tolerations",), ("labels",), ("annotations",)) else None
    if len(path) == 1 and path[0] in AMOUNTS:
        return AMOUNTS[path[0]](given)
    match path:
        case ("gpu",):
            name, _, count = given.partition(":") if isinstance(given, str) else (None, "", given)
            number = 1 if count == "" else int(count)
            return {"name": name and name.lower(), "count": number, "memory": None} if number else None
        case ("gpu", "name"):
            return given.lower()
        case ("gpu", "memory"):
            return parse_bytes(given)
        case ("env",):
            return {key: str(value) for key, value in given.items()}
        case ("env", _):
            return str(given)
        case ("tolerations",):
            return {str(i): one for i, one in enumerate(given)}
    return given


def _without(policy: TaskPolicy, arguments: dict[str, str]) -> TaskPolicy:
    """`policy` with `arguments`, and without what they give."""
    update: dict[str, Any] = {"arguments": arguments}
    whole = {part for part in arguments if "." not in part}
    resources = {name: None for name in whole if name in Resources.model_fields}
    update["resources"] = policy.resources.model_copy(update=resources)
    placement = {name: value for name, value in dict(policy.placement).items() if name not in whole}
    for part in arguments:
        setting, _, key = part.partition(".")
        if setting == "tolerations" and key:
            number, _, key = key.partition(".")
            borne = placement[setting]
            placement[setting] = tuple(_less(one, key) if str(i) == number else one for i, one in enumerate(borne))
        elif setting in placement:
            placement[setting] = _less(placement[setting], key)
        elif setting == "env":
            update["env"] = _less(update.get("env", policy.env), key) if key else {}
        elif part in ("gpu", "timeout"):
            update["accelerator" if part == "gpu" else part] = None
        elif setting == "targets":
            update["extensions"] = _asked(update.get("extensions", policy.extensions), key.split("."), arguments[part])
    update["placement"] = type(policy.placement)(**placement)
    return policy.model_copy(update=update)


def _less(value: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {name: inner for name, inner in value.items() if name != key}


def _asked(value: Any, path: Sequence[str], parameter: str) -> Any:
    """Native settings with an argument at `path`."""
    if not path:
        return {"argument": parameter}
    if isinstance(value, (list, tuple)):
        return [_asked(one, path[1:], parameter) if str(i) == path[0] else one for i, one in enumerate(value)]
    return {**value, path[0]: _asked(value[path[0]], path[1:], parameter)}
