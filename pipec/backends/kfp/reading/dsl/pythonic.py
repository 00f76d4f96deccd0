"""Python's own functions, for values that are plain."""

from __future__ import annotations

import json
import posixpath
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from pipec.backends.kfp.reading.dsl.calls import Call, Native
from pipec.backends.kfp.reading.dsl.channels import Channel
from pipec.backends.kfp.reading.dsl.imported import Imported
from pipec.backends.kfp.reading.dsl.placeholders import Placeholder
from pipec.backends.kfp.reading.dsl.problems import Problem, refused
from pipec.backends.kfp.reading.dsl.tasks import Task

_LARGE = 1_000_000
CONSTRUCTORS: set[Any] = {
    str,
    int,
    float,
    bool,
    list,
    dict,
    tuple,
    set,
    frozenset,
    bytes,
    range,
    enumerate,
    zip,
    reversed,
}
"""Classes that are called to make plain values."""


@dataclass(frozen=True)
class Function:
    """A function of Python's own."""

    name: str
    run: Native

    def __hash__(self) -> int:
        return hash(self.name)


def call_plain(callee: Callable[..., Any], call: Call) -> Any:
    """Call a class or method of plain values."""
    from pipec.backends.kfp.reading.dsl.attributes import text_of

    if callee is str:
        return text_of(call.args[0]) if call.args else ""
    if getattr(callee, "__name__", "") in ("format", "join", "format_map"):
        for one in [*call.args, *call.kwargs.values()]:
            text_of(one)
        if getattr(callee, "__name__", "") == "join":
            call.args = [[str(one) if isinstance(one, Channel) else one for one in call.machine.iterate(call.args[0])]]
    if callee in (int, float, bool) and any(isinstance(one, (Channel, Task)) for one in call.args):
        if callee is bool:
            return True
        raise refused(f"`{callee.__name__}(...)`", "a value of the run cannot be converted in a pipeline")
    if callee in (list, tuple, set, frozenset, enumerate, zip, reversed):
        call.args = [
            call.machine.iterate(one) if index == 0 or callee is zip else one for index, one in enumerate(call.args)
        ]
    if callee in (list, tuple, set) and call.args and len(call.args[0]) > _LARGE:
        raise Problem(f"`{callee.__name__}(...)`", "it is too long to be read")
    if callee in (bytes, range) and any(isinstance(one, int) and one > _LARGE for one in call.args):
        raise Problem(f"`{callee.__name__}(...)`", "it is too long to be read")
    result = callee(*call.args, **call.kwargs)
    return list(result) if callee in (enumerate, zip, reversed) else result


def _each(call: Call, function: Any, values: tuple[Any, ...]) -> Any:
    return call.machine.invoke(function, Call(call.machine, call.scope, list(values), {}, call.span))


def _keyed(function: Callable[..., Any]) -> Native:
    """`sorted`, `min`, `max`, with a `key` that may be a function of the file."""

    def run(call: Call) -> Any:
        key = call.kwargs.pop("key", None)
        args = [call.machine.iterate(call.args[0])] if len(call.args) == 1 else call.args
        if key is None:
            return function(*args, **call.kwargs)
        return function(*args, key=lambda one: _each(call, key, (one,)), **call.kwargs)

    return run


def _plain(function: Callable[..., Any]) -> Native:
    return lambda call: function(*call.args, **call.kwargs)


def _iterating(function: Callable[..., Any]) -> Native:
    return lambda call: function(call.machine.iterate(call.args[0]), *call.args[1:], **call.kwargs)


def _map(call: Call) -> list[Any]:
    function, *several = call.args
    return [_each(call, function, values) for values in zip(*(call.machine.iterate(one) for one in several))]


def _filter(call: Call) -> list[Any]:
    function, values = call.args
    return [one for one in call.machine.iterate(values) if (one if function is None else _each(call, function, (one,)))]


def _isinstance(call: Call) -> bool:
    value, kinds = call.args
    kinds = kinds if isinstance(kinds, tuple) else (kinds,)
    if not all(isinstance(kind, type) for kind in kinds):
        raise Problem("`isinstance(...)`", "its class is not known statically")
    return isinstance(value, kinds)


def _getattr(call: Call) -> Any:
    from pipec.backends.kfp.reading.dsl.attributes import attribute

    try:
        return attribute(call.args[0], call.args[1])
    except (Problem, LookupError, AttributeError):
        if len(call.args) < 3:
            raise
        return call.args[2]


def _pow(call: Call) -> Any:
    if any(isinstance(one, int) and abs(one) > 10_000 for one in call.args):
        raise Problem("`pow(...)`", "it is too large to be read")
    return pow(*call.args)


def _repr(call: Call) -> str:
    from pipec.backends.kfp.reading.dsl.attributes import text_of

    text_of(call.args[0])
    return repr(call.args[0])


_FUNCTIONS: dict[str, Native] = {
    "print": lambda call: None,
    "len": _plain(len), "abs": _plain(abs), "round": _plain(round), "divmod": _plain(divmod), "pow": _pow,
    "chr": _plain(chr), "ord": _plain(ord), "hex": _plain(hex), "bin": _plain(bin), "repr": _repr,
    "sum": _iterating(sum), "any": _iterating(any), "all": _iterating(all),
    "sorted": _keyed(sorted), "min": _keyed(min), "max": _keyed(max), "map": _map, "filter": _filter,
    "isinstance": _isinstance, "getattr": _getattr,
    "callable": lambda call: not isinstance(call.args[0], (str, int, float, list, dict, tuple, Channel, type(None))),
}  # fmt: skip
BUILTINS: dict[str, Any] = {
    **{name: Function(name, run) for name, run in _FUNCTIONS.items()},
    **{cls.__name__: cls for cls in CONSTRUCTORS},
    "object": object, "type": type, "NotImplemented": NotImplemented,
    **{name: getattr(__import__("builtins"), name) for name in ("Exception", "ValueError", "TypeError", "ImportError")},
}  # fmt: skip
"""Names that every module has."""


def _dumps(call: Call) -> str:
    given = call.kwargs.pop("default", None)

    def default(value: Any) -> Any:
        if given is not None:
            return _each(call, given, (value,))
        if isinstance(value, (Channel, Placeholder)):
            raise refused("`json.dumps(...)`", "a value of the run cannot be written as JSON in a pipeline")
        raise TypeError(f"a {type(value).__name__} cannot be written as JSON")

    return json.dumps(*call.args, default=default, **call.kwargs)


def _paths(function: Callable[..., Any]) -> Native:
    """A function of paths, of which texts and path objects are taken."""

    def run(call: Call) -> Any:
        from pipec.backends.kfp.reading.dsl.attributes import text_of

        return function(*(text_of(one) for one in call.args))

    return run


def _environment(call: Call) -> Any:
    """The default of an environment variable, which is what counts where it is not set; that is told."""
    taken = call.take("os.environ.get", "key", "default", required=1)
    if taken.get("default") is None:
        raise Problem(
            f"the environment variable `{taken['key']}`",
            "its value is not known when the file is read",
            "write the value into the file, or make it a parameter of the pipeline",
        )
    call.machine.assumed(str(taken["key"]), taken["default"], call.span)
    return taken["default"]


def _partial(call: Call) -> Any:
    from pipec.backends.kfp.reading.dsl.invoking import Partial

    return Partial(call.args[0], tuple(call.args[1:]), call.kwargs)


def _harmless(call: Call) -> None:
    """What only tells people something."""


LIBRARY: dict[str, Native] = {
    "json.dumps": _dumps,
    "json.loads": _plain(json.loads),
    "textwrap.dedent": _plain(textwrap.dedent),
    "os.path.join": _paths(posixpath.join),
    "os.path.dirname": _paths(posixpath.dirname),
    "os.path.basename": _paths(posixpath.basename),
    "os.path.abspath": _paths(posixpath.normpath),
    "os.path.realpath": _paths(posixpath.normpath),
    "os.path.normpath": _paths(posixpath.normpath),
    "os.path.splitext": _paths(posixpath.splitext),
    "os.environ.get": _environment,
    "os.getenv": _environment,
    "pathlib.Path": _paths(PurePath),
    "pathlib.PurePath": _paths(PurePath),
    "logging.getLogger": lambda call: Imported("logging"),
    "functools.partial": _partial,
    "copy.copy": _plain(lambda value: value.copy() if isinstance(value, (list, dict, set)) else value),
    "dict": _plain(dict),
    **dict.fromkeys(
        (
            *(f"logging.{name}" for name in ("debug", "info", "warning", "error", "basicConfig", "setLevel")),
            "warnings.warn", "warnings.filterwarnings", "warnings.simplefilter", "sys.path.append", "sys.path.insert",
        ),
        _harmless,
    ),
}  # fmt: skip
"""Functions of the standard library, by their dotted names."""
