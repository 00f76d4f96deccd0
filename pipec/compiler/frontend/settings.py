"""`@step(...)`, `@pipeline(...)` and their counterparts in `pyproject.toml`, as neutral policies."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipec.compiler.diagnostics import Report
from pipec.compiler.diagnostics.pipeline import InvalidSetting, UnknownGpu, UnknownSetting
from pipec.compiler.diagnostics.source import NotConstant
from pipec.compiler.frontend.constants import NotConstantError
from pipec.compiler.frontend.units import parse_bytes, parse_cpu, parse_duration
from pipec.compiler.site import Site
from pipec.ir import (
    Accelerator,
    Cache,
    PipelinePolicy,
    Placement,
    Resources,
    Retry,
    Schedule,
    SecretRef,
    Span,
    TaskPolicy,
)

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


_SIGNATURES: dict[str, tuple[str, ...]] = {
    "GPU": ("name", "count", "memory"),
    "Retry": ("limit", "delay", "backoff", "max_delay"),
    "Cache": ("ttl", "version", "ignore"),
    "Secret": ("name", "key"),
    "Cron": ("expr", "timezone", "start", "end", "catchup"),
    "Every": ("interval",),
    "OnUpdate": ("uri",),
    "After": ("pipeline",),
}


@dataclass
class Raw:
    """Settings as written: evaluated values with their places."""

    values: dict[str, Any] = field(default_factory=dict)
    spans: dict[str, Span] = field(default_factory=dict)


Evaluate = Callable[[ast.expr], Any]
"""Evaluates a constant expression of the module; raises `NotConstantError`."""


class SettingsReader:
    """Reads the decorators of one module's functions."""

    def __init__(
        self, site: Site, report: Report, evaluate: Evaluate, span: Callable[[ast.AST], Span],
        constructor: Callable[[ast.expr], str | None], definition: Callable[[ast.expr], str | None],
    ) -> None:  # fmt: skip
        """`constructor` names the pipec class that an expression refers to; `definition` the function."""
        self.site = site
        self.report = report
        self.evaluate = evaluate
        self.span = span
        self.constructor = constructor
        self.definition = definition

    def raw(self, call: ast.Call | None, known: list[str]) -> Raw:
        """The settings of a decorator call."""
        raw = Raw()
        for keyword in call.keywords if call else ():
            if keyword.arg is None:
                self._not_constant("`**`", keyword.value, "settings are written out")
                continue
            if keyword.arg not in known:
                similar = difflib.get_close_matches(keyword.arg, known, 1)
                self.report.add(UnknownSetting(self.span(keyword), keyword.arg, similar[0] if similar else ""))
                continue
            try:
                raw.values[keyword.arg] = self._value(keyword.value, keyword.arg)
                raw.spans[keyword.arg] = self.span(keyword)
            except NotConstantError as error:
                self._not_constant(f"setting {keyword.arg!r}", keyword.value, str(error))
        for argument in call.args if call else ():
            self.report.add(InvalidSetting(self.span(argument), "settings", "they are given by name"))
        return raw

    def site_raw(self, settings: Mapping[str, Any], place: Span, known: list[str] = STEP_SETTINGS) -> Raw:
        """Settings of the project's configuration, in the forms that TOML has."""
        raw = Raw()
        for name, value in settings.items():
            if name not in known:
                similar = difflib.get_close_matches(name, known, 1)
                self.report.add(UnknownSetting(place, name, similar[0] if similar else ""))
                continue
            raw.values[name] = _from_toml(name, value)
            raw.spans[name] = place
        return raw

    def _not_constant(self, what: str, node: ast.expr, reason: str) -> None:
        self.report.add(NotConstant(self.span(node), what, reason))

    def _value(self, node: ast.expr, setting: str = "") -> Any:
        if setting in ("on_failure", "on_success"):
            if (name := self.definition(node)) is None:
                raise NotConstantError("it is no function of the project")
            return name
        if isinstance(node, ast.Call) and (kind := self.constructor(node.func)) in _SIGNATURES:
            names = _SIGNATURES[kind]
            arguments = dict(zip(names, map(self._value, node.args)))
            if len(node.args) > len(names):
                raise NotConstantError(f"{kind}() takes {len(names)} arguments")
            for keyword in node.keywords:
                if keyword.arg not in names:
                    raise NotConstantError(f"{kind}() has no parameter {keyword.arg!r}")
                arguments[keyword.arg] = self._value(keyword.value)
            return Made(kind, arguments)
        if isinstance(node, ast.Dict) and all(isinstance(k, ast.Constant) for k in node.keys):
            return {self.evaluate(k): self._value(v) for k, v in zip(node.keys, node.values) if k}
        return self.evaluate(node)

    def step(self, raw: Raw, step: str, place: Span) -> tuple[TaskPolicy, dict[str, Any]]:
        """The policy of a step, and what belongs to the component: image, packages, python."""
        build = _Builder(raw, self.report, self.site, place)
        policy = TaskPolicy(
            resources=Resources(
                cpu=build.get("cpu", parse_cpu), cpu_limit=build.get("cpu_limit", parse_cpu),
                memory=build.get("memory", parse_bytes), memory_limit=build.get("memory_limit", parse_bytes),
                disk=build.get("disk", parse_bytes), shm=build.get("shm", parse_bytes),
            ),
            accelerator=build.get("gpu", build.gpu),
            retry=build.get("retries", retry),
            timeout=build.get("timeout", _positive),
            cache=build.get("cache", cache),
            env=build.get("env", _env) or {},
            secrets=build.get("secrets", _secrets) or {},
            placement=Placement(
                node_selector=build.get("node_selector", _strings) or {},
                tolerations=build.get("tolerations", _dicts) or (),
                labels=build.get("labels", _strings) or {},
                annotations=build.get("annotations", _strings) or {},
                service_account=build.get("service_account", _text),
                queue=build.get("queue", _text),
                priority=build.get("priority", _priority),
            ),
            updates=build.get("updates", _text),
            deadline=build.get("deadline", _positive),
            on_failure=build.get("on_failure", _text),
            extensions=build.get("targets", _targets) or {},
            spans=raw.spans,
        )  # fmt: skip
        component = {
            "image": build.get("image", _text),
            "packages": build.get("packages", _texts) or (),
            "python": build.get("python", _version),
        }
        return policy, component

    def pipeline(self, raw: Raw, place: Span) -> PipelinePolicy:
        """The policy of a pipeline."""
        build = _Builder(raw, self.report, self.site, place)
        defaults = build.get("defaults", _defaults) or {}
        return PipelinePolicy(
            schedule=build.get("schedule", schedule),
            timeout=build.get("timeout", _positive),
            max_parallel=build.get("max_parallel", _count),
            max_active_runs=build.get("max_active_runs", _count),
            on_failure=build.get("on_failure", _text),
            on_success=build.get("on_success", _text),
            retention=build.get("retention", _positive),
            tags=build.get("tags", _texts) or (),
            owner=build.get("owner", _text),
            default_retry=retry(defaults["retries"]) if "retries" in defaults else None,
            extensions=build.get("targets", _targets) or {},
            spans=raw.spans,
        )


_TOML_KINDS = {"retries": "Retry", "cache": "Cache", "gpu": "GPU"}


def _from_toml(name: str, value: Any) -> Any:
    """Tables stand for pipec's constructors: `retries = { limit = 3, delay = "30s" }`."""
    if name == "secrets" and isinstance(value, dict):
        return {k: Made("Secret", v) if isinstance(v, dict) else v for k, v in value.items()}
    if name == "schedule" and isinstance(value, dict):
        kind = {"interval": "Every", "uri": "OnUpdate", "pipeline": "After"}.get(next(iter(value), ""), "Cron")
        return Made(kind, {"expr" if k == "cron" else k: v for k, v in value.items()})
    if name in _TOML_KINDS and isinstance(value, dict):
        return Made(_TOML_KINDS[name], value)
    return value


class _Builder:
    def __init__(self, raw: Raw, report: Report, site: Site, place: Span) -> None:
        self.raw, self.report, self.site, self.place = raw, report, site, place

    def get(self, name: str, parse: Callable[[Any], Any]) -> Any:
        value = self.raw.values.get(name)
        if value is None:
            return None
        place = self.raw.spans.get(name, self.place)
        try:
            return parse(value)
        except _UnknownGpuError as error:
            self.report.add(UnknownGpu(place, str(error), tuple(sorted(self.site.gpu))))
        except (ValueError, TypeError) as error:
            self.report.add(InvalidSetting(place, name, str(error)))
        return None

    def gpu(self, value: Any) -> Accelerator | None:
        memory = None
        if isinstance(value, bool):
            raise ValueError("write a number, a name, or GPU(...)")
        if isinstance(value, int):
            name, count = None, value
        elif isinstance(value, str):
            name, _, number = value.partition(":")
            count = int(number) if number else 1
        elif isinstance(value, Made) and value.kind == "GPU":
            name, count = value.arguments.get("name"), value.arguments.get("count", 1)
            memory = value.arguments.get("memory")
        else:
            raise ValueError("write a number, a name, or GPU(...)")
        if not isinstance(count, int) or count < 0:
            raise ValueError(f"{count!r} is no number of devices")
        if count == 0:
            return None
        entry = self.site.gpu.get(name.lower()) if name else None
        if name and entry is None:
            raise _UnknownGpuError(name)
        found = entry.model_dump() if entry else {}
        return Accelerator(
            name=name.lower() if name else None, count=count, memory=parse_bytes(memory) if memory else None, **found
        )


class _UnknownGpuError(Exception):
    pass


def retry(value: Any) -> Retry | None:
    """`3`, or `Retry(...)`; `None` for no retries."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return Retry(limit=value) if value else None
    if isinstance(value, Made) and value.kind == "Retry":
        given = value.arguments
        limit = given.get("limit")
        if not isinstance(limit, int) or isinstance(limit, bool) or limit < 0:
            raise ValueError(f"{limit!r} is no number of retries")
        backoff = given.get("backoff")
        if backoff is not None and (not isinstance(backoff, (int, float)) or backoff < 1):
            raise ValueError(f"backoff {backoff!r} is no factor of at least 1")
        delay, longest = given.get("delay"), given.get("max_delay")
        return Retry(
            limit=limit,
            delay=None if delay is None else parse_duration(delay),
            backoff=backoff,
            max_delay=None if longest is None else parse_duration(longest),
        )
    raise ValueError(f"{value!r} is no number of retries; write 3 or Retry(3, delay=...)")


def cache(value: Any) -> Cache | None:
    """`True`, `"7d"` or `Cache(...)`."""
    if value is False:
        return None
    if value is True:
        return Cache()
    if isinstance(value, str):
        return Cache(ttl=_positive(value))
    if isinstance(value, Made) and value.kind == "Cache":
        given = value.arguments
        ttl, ignore = given.get("ttl"), given.get("ignore", ())
        if isinstance(ignore, str):
            ignore = (ignore,)
        return Cache(
            ttl=None if ttl is None else _positive(ttl), version=str(given.get("version", "")), ignore=_texts(ignore)
        )
    raise ValueError(f'{value!r} is no cache; write True, "7d" or Cache(ttl=...)')


def schedule(value: Any) -> Schedule:
    """`"@daily"`, `Cron(...)`, `Every(...)`, `OnUpdate(...)` or `After(...)`."""
    if isinstance(value, str):
        return Schedule(cron=_cron(value))
    if isinstance(value, Made):
        given = value.arguments
        match value.kind:
            case "Cron":
                rest = {k: given[k] for k in ("timezone", "start", "end", "catchup") if given.get(k) is not None}
                return Schedule(cron=_cron(given.get("expr")), **rest)
            case "Every":
                return Schedule(every=_positive(given.get("interval")))
            case "OnUpdate":
                uri = given.get("uri")
                return Schedule(on_update=(uri,) if isinstance(uri, str) else _texts(uri))
            case "After":
                return Schedule(after=_text(given.get("pipeline")))
    raise ValueError(f"{value!r} is no schedule; write Cron(...), Every(...), OnUpdate(...) or After(...)")


_PRESETS = ("@hourly", "@daily", "@weekly", "@monthly", "@yearly", "@midnight", "@annually")


def _cron(value: Any) -> str:
    if value in _PRESETS or (isinstance(value, str) and len(value.split()) == 5):
        return str(value)
    raise ValueError(f"{value!r} is no cron expression of five fields, and none of {', '.join(_PRESETS)}")


def _positive(value: Any) -> float:
    seconds = parse_duration(value)
    if seconds <= 0:
        raise ValueError(f"{value!r} is not positive")
    return seconds


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{value!r} is no positive number")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f"{value!r} is no text")
    return value


def _texts(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, (list, tuple)) or not all(isinstance(v, str) for v in value):
        raise ValueError(f"{value!r} is no list of texts")
    return tuple(value)


def _version(value: Any) -> str:
    if not isinstance(value, str) or not all(part.isdigit() for part in value.split(".")):
        raise ValueError(f'{value!r} is no Python version; write "3.12"')
    return value


def _priority(value: Any) -> int | str:
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise ValueError(f"{value!r} is no priority")
    return value


def _env(value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        raise ValueError(f"{value!r} is no dict of names and values")
    for name, text in value.items():
        if not isinstance(name, str) or not name.isidentifier():
            raise ValueError(f"{name!r} is no name of an environment variable")
        if not isinstance(text, (str, int, float)) or isinstance(text, bool):
            raise ValueError(f"{name} is {text!r}; environment variables are texts")
    return {name: str(text) for name, text in value.items()}


def _strings(value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(x, str) for pair in value.items() for x in pair):
        raise ValueError(f"{value!r} is no dict of texts")
    return dict(value)


def _dicts(value: Any) -> tuple[dict[str, Any], ...]:
    if not isinstance(value, (list, tuple)) or not all(isinstance(v, dict) for v in value):
        raise ValueError(f"{value!r} is no list of dicts")
    return tuple(value)


def _secrets(value: Any) -> dict[str, SecretRef]:
    if not isinstance(value, dict) or not all(isinstance(v, Made) and v.kind == "Secret" for v in value.values()):
        raise ValueError('write {"NAME": Secret("name", key="key")}')
    return {
        name: SecretRef(name=_text(v.arguments.get("name")), key=_text(v.arguments.get("key")))
        for name, v in value.items()
    }


def _targets(value: Any) -> dict[str, dict[str, Any]]:
    if not isinstance(value, dict) or not all(isinstance(v, dict) for v in value.values()):
        raise ValueError('write {"airflow": {"pool": "gpu"}}')
    return {str(target): dict(settings) for target, settings in value.items()}


def _defaults(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{value!r} is no dict of step settings")
    unknown = [name for name in value if name not in STEP_SETTINGS]
    if unknown:
        raise ValueError(f"there is no step setting {unknown[0]!r}")
    return dict(value)
