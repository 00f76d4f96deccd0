"""Values of settings in all forms that the language has, as neutral policies. `ValueError` says what is accepted."""

from __future__ import annotations

import keyword
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pipec.compiler import cron
from pipec.compiler.diagnostics.similar import closest
from pipec.compiler.units import parse_duration
from pipec.ir import CRON_PRESETS, Cache, Deadline, Retry, Schedule, SecretRef
from pipec.ir.literals import source_of

STEP_SETTINGS = [
    "cpu",
    "cpu_limit",
    "memory",
    "memory_limit",
    "disk",
    "shm",
    "gpu",
    "retries",
    "timeout",
    "cache",
    "updates",
    "deadline",
    "image",
    "packages",
    "python",
    "env",
    "secrets",
    "node_selector",
    "tolerations",
    "labels",
    "annotations",
    "service_account",
    "queue",
    "priority",
    "on_failure",
    "fuse",
    "targets",
]
PIPELINE_SETTINGS = [
    "name",
    "description",
    "schedule",
    "timeout",
    "max_parallel",
    "max_active_runs",
    "defaults",
    "on_failure",
    "on_success",
    "tags",
    "owner",
    "retention",
    "targets",
]


@dataclass(frozen=True)
class Made:
    """A pipec constructor call in a setting: `Retry(3, delay="30s")`."""

    kind: str
    arguments: Mapping[str, Any]


_TOML_KINDS = {"retries": "Retry", "cache": "Cache", "gpu": "GPU", "deadline": "Deadline"}


def from_toml(name: str, value: Any) -> Any:
    """Tables stand for pipec's constructors: `retries = { limit = 3, delay = "30s" }`."""
    if name == "secrets" and isinstance(value, dict):
        return {k: Made("Secret", v) if isinstance(v, dict) else v for k, v in value.items()}
    if name == "schedule" and isinstance(value, dict):
        kind = {"interval": "Every", "uri": "OnUpdate", "pipeline": "After"}.get(next(iter(value), ""), "Cron")
        return Made(kind, {"expr" if k == "cron" else k: v for k, v in value.items()})
    if name in _TOML_KINDS and isinstance(value, dict):
        return Made(_TOML_KINDS[name], value)
    return value


MOST = 2**31 - 1
"""The largest number that every target counts to."""


def shown(value: Any) -> str:
    """`value` in a message: what is huge is cut off."""
    try:
        text = source_of(value)
    except TypeError:
        text = repr(value)
    return text if len(text) < 80 else f"{text[:76]}..."


def writable(value: Any) -> None:
    """`ValueError` where a text in `value` has what no file and no environment variable can hold."""
    match value:
        case str():
            found = next((c for c in value if c == "\0" or "\ud800" <= c <= "\udfff"), None)
            if found is not None:
                raise ValueError(f"the character {found!a} cannot be written")
        case Made():
            writable(dict(value.arguments))
        case dict():
            for key, inner in value.items():
                writable(key)
                writable(inner)
        case list() | tuple() | set() | frozenset():
            for inner in value:
                writable(inner)


def retry(value: Any) -> Retry | None:
    """`3`, or `Retry(...)`; `None` for no retries."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST:
        return Retry(limit=value) if value else None
    if isinstance(value, Made) and value.kind == "Retry":
        given = value.arguments
        limit = given.get("limit")
        if not isinstance(limit, int) or isinstance(limit, bool) or not 0 <= limit <= MOST:
            raise ValueError(f"{shown(limit)} is no number of retries")
        backoff = given.get("backoff")
        number = isinstance(backoff, (int, float)) and not isinstance(backoff, bool) and 1 <= backoff < math.inf
        if backoff is not None and not number:
            raise ValueError(f"backoff {backoff!r} is no factor of at least 1")
        delay, longest = given.get("delay"), given.get("max_delay")
        return Retry(
            limit=limit,
            delay=None if delay is None else parse_duration(delay),
            backoff=backoff,
            max_delay=None if longest is None else parse_duration(longest),
        )
    raise ValueError(f"{shown(value)} is no number of retries; write 3 or Retry(3, delay=...)")


def cache(value: Any) -> Cache | None:
    """`True`, `"7d"` or `Cache(...)`."""
    if value is False:
        return None
    if value is True:
        return Cache()
    if isinstance(value, str):
        return Cache(ttl=positive(value))
    if isinstance(value, Made) and value.kind == "Cache":
        given = value.arguments
        ttl, ignore = given.get("ttl"), given.get("ignore", ())
        if isinstance(ignore, str):
            ignore = (ignore,)
        return Cache(
            ttl=None if ttl is None else positive(ttl), version=str(given.get("version", "")), ignore=texts(ignore)
        )
    raise ValueError(f'{value!r} is no cache; write True, "7d" or Cache(ttl=...)')


def deadline(value: Any) -> Deadline:
    """`"2h"`, or `Deadline("2h", tell=...)`, of which `tell` is a component already."""
    if isinstance(value, Made) and value.kind == "Deadline":
        return Deadline(after=positive(value.arguments.get("after")), tell=value.arguments.get("tell"))
    return Deadline(after=positive(value))


def schedule(value: Any) -> Schedule:
    """`"@daily"`, `Cron(...)`, `Every(...)`, `OnUpdate(...)` or `After(...)`."""
    if isinstance(value, str):
        return Schedule(cron=_cron(value))
    if isinstance(value, Made):
        given = value.arguments
        match value.kind:
            case "Cron":
                rest = {k: given[k] for k in ("timezone", "start", "end", "catchup") if given.get(k) is not None}
                _zone(rest.get("timezone", "UTC"))
                for name in ("start", "end"):
                    _time(rest.get(name, "2026-01-01"), name)
                if not isinstance(rest.get("catchup", False), bool):
                    raise ValueError(f"catchup={rest['catchup']!r} is neither True nor False")
                return Schedule(cron=_cron(given.get("expr")), **rest)
            case "Every":
                return Schedule(every=positive(given.get("interval")))
            case "OnUpdate":
                return Schedule(on_update=uris(given.get("uri")))
            case "After":
                return Schedule(after=text(given.get("pipeline")))
    raise ValueError(f"{value!r} is no schedule; write Cron(...), Every(...), OnUpdate(...) or After(...)")


def _zone(value: Any) -> None:
    """`ValueError` unless `value` is a time zone, as far as this machine knows any."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones  # slow to import

    try:
        ZoneInfo(text(value))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        if known := available_timezones():
            similar = closest(str(value), sorted(known))
            hint = f"; did you mean {similar!r}?" if similar else ""
            raise ValueError(f"{value!r} is no time zone{hint}") from None


def _time(value: Any, name: str) -> None:
    try:
        found = datetime.fromisoformat(re.sub(r"Z$", "+00:00", text(value)))
    except ValueError:
        raise ValueError(f'{name}={value!r} is no date; write "2026-01-31" or "2026-01-31T06:00"') from None
    if not 1970 <= found.year <= 9998:
        raise ValueError(f"{name}={value!r} is a date that no target counts from")


def _cron(value: Any) -> str:
    if value in CRON_PRESETS:
        return str(value)
    if isinstance(value, str) and len(value.split()) == 5:
        cron.parse(value)
        return value
    raise ValueError(f"{value!r} is no cron expression of five fields, and none of {', '.join(CRON_PRESETS)}")


def positive(value: Any) -> float:
    """Seconds of a positive duration."""
    seconds = parse_duration(value)
    if seconds <= 0:
        raise ValueError(f"{value!r} is not positive")
    return seconds


def count(value: Any) -> int:
    """A positive whole number."""
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MOST:
        raise ValueError(f"{shown(value)} is no positive number")
    return value


def text(value: Any) -> str:
    """A text that is not empty."""
    if not isinstance(value, str) or not value:
        raise ValueError(f"{value!r} is no text")
    return value


def name(value: Any) -> str:
    """The name of a pipeline: one line of text, whose characters can all be seen."""
    found = text(value)
    if not found.isprintable() or not found.strip():
        raise ValueError(f"{value!r} is no name; write one line of letters, digits and the like")
    return found


def description(value: Any) -> str:
    """A text, which may be empty."""
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no text")
    return value


def texts(value: Any) -> tuple[str, ...]:
    """One text, or a list of texts; none of them is empty."""
    if isinstance(value, str):
        value = (value,)
    if not isinstance(value, (list, tuple)) or not all(isinstance(v, str) for v in value):
        raise ValueError(f"{value!r} is no list of texts")
    if not all(map(str.strip, value)):
        raise ValueError("an empty text stands in it")
    return tuple(value)


def uris(value: Any) -> tuple[str, ...]:
    """One URI, or several."""
    found = texts(value)
    if not found:
        raise ValueError("there is nothing to wait for: name at least one URI")
    return found


def version(value: Any) -> str:
    """A Python version such as "3.12"."""
    if not isinstance(value, str) or not re.fullmatch(r"\d+(\.\d+){0,2}", value, re.ASCII):
        raise ValueError(f'{value!r} is no Python version; write "3.12"')
    return value


def priority(value: Any) -> int | str:
    """A number, or the name of a priority class."""
    if isinstance(value, bool) or not isinstance(value, (int, str)) or value == "" or _far(value):
        raise ValueError(f"{shown(value)} is no priority")
    return value


def _far(value: int | str) -> bool:
    return isinstance(value, int) and abs(value) > MOST


def fuse(value: Any) -> str | None:
    """`"auto"`, the name of a shared task, or `False` for a task of its own."""
    if value is False:
        return None
    if not isinstance(value, str) or not value.isidentifier() or keyword.iskeyword(value) or value.startswith("_"):
        raise ValueError(f'{value!r} is no name of a task; write "auto" or a name such as "preparation"')
    return value


def env(value: Any) -> dict[str, str]:
    """Environment variables: names and texts."""
    if not isinstance(value, dict):
        raise ValueError(f"{value!r} is no dict of names and values")
    for name, text in value.items():
        if not isinstance(name, str) or not name.isidentifier():
            raise ValueError(f"{name!r} is no name of an environment variable")
        if not isinstance(text, (str, int, float)) or isinstance(text, bool) or (isinstance(text, int) and _far(text)):
            raise ValueError(f"{name} is {shown(text)}; environment variables are texts")
    return {name: str(text) for name, text in value.items()}


def strings(value: Any) -> dict[str, str]:
    """A dict of texts."""
    if not isinstance(value, dict) or not all(isinstance(x, str) for pair in value.items() for x in pair):
        raise ValueError(f"{value!r} is no dict of texts")
    return dict(value)


def dicts(value: Any) -> tuple[dict[str, Any], ...]:
    """A list of dicts, such as tolerations."""
    if not isinstance(value, (list, tuple)) or not all(isinstance(v, dict) for v in value):
        raise ValueError(f"{value!r} is no list of dicts")
    if not all(isinstance(key, str) for one in value for key in one):
        raise ValueError("the keys of each dict are texts")
    return tuple(value)


def secrets(value: Any) -> dict[str, SecretRef]:
    """Environment variables from keys of secrets."""
    if not isinstance(value, dict) or not all(isinstance(v, Made) and v.kind == "Secret" for v in value.values()):
        raise ValueError('write {"NAME": Secret("name", key="key")}')
    for name in value:
        if not isinstance(name, str) or not name.isidentifier():
            raise ValueError(f"{name!r} is no name of an environment variable")
    return {
        name: SecretRef(name=text(v.arguments.get("name")), key=text(v.arguments.get("key")))
        for name, v in value.items()
    }


def targets(value: Any, known: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Native settings by target. `known`: the targets that there are; none where nobody knows them."""
    if not isinstance(value, dict) or not all(isinstance(v, dict) for v in value.values()):
        raise ValueError('write {"target": {"setting": "value"}}')
    for target in value:
        if known and target not in known:
            similar = closest(str(target), known)
            hint = f"did you mean {similar!r}?" if similar else f"there are {', '.join(known)}"
            raise ValueError(f"there is no target {target!r}; {hint}")
    for target, settings in value.items():
        for key in (target, *settings):
            if not isinstance(key, str):
                raise ValueError(f"{key!r} is no name of a setting")
    return {target: dict(settings) for target, settings in value.items()}


def defaults(value: Any) -> dict[str, Any]:
    """Settings of all steps of a pipeline."""
    if not isinstance(value, dict):
        raise ValueError(f"{value!r} is no dict of step settings")
    unknown = [name for name in value if not isinstance(name, str) or name not in STEP_SETTINGS]
    if unknown:
        raise ValueError(f"there is no step setting {unknown[0]!r}")
    return dict(value)
