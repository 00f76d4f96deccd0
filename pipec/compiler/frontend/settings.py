"""`@step(...)`, `@pipeline(...)` and their counterparts in `pyproject.toml`, as neutral policies."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipec.compiler.diagnostics import Report
from pipec.compiler.diagnostics.settings import InvalidSetting, UnknownGpu, UnknownSetting
from pipec.compiler.diagnostics.similar import closest
from pipec.compiler.diagnostics.source import NotConstant
from pipec.compiler.frontend import values
from pipec.compiler.frontend.constants import NotConstantError
from pipec.compiler.site import Site
from pipec.compiler.units import parse_bytes, parse_cpu
from pipec.ir import (
    Accelerator,
    Cache,
    PipelinePolicy,
    Placement,
    Port,
    Resources,
    Span,
    TaskPolicy,
)

_SIGNATURES: dict[str, tuple[str, ...]] = {
    "GPU": ("name", "count", "memory"),
    "Retry": ("limit", "delay", "backoff", "max_delay"),
    "Cache": ("ttl", "version", "ignore"),
    "Deadline": ("after", "tell"),
    "Secret": ("name", "key"),
    "Argument": ("parameter",),
    "Cron": ("expr", "timezone", "start", "end", "catchup"),
    "Every": ("interval",),
    "OnUpdate": ("uri",),
    "After": ("pipeline",),
}


HOOKS = ("on_failure", "on_success")
"""Settings that name a function."""
TOLD = ("Deadline", "tell")
"""The argument of a constructor that names one."""


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
        constructor: Callable[[ast.expr], str | None], hook: Callable[[ast.expr], str],
    ) -> None:  # fmt: skip
        """`constructor` names the pipec class that an expression refers to; `hook` the component that is called back,
        and raises `ValueError` where it cannot be."""
        self.site = site
        self.report = report
        self.evaluate = evaluate
        self.span = span
        self.constructor = constructor
        self.hook = hook

    def reporting_to(self, report: Report) -> SettingsReader:
        """The same reader with another report."""
        return SettingsReader(self.site, report, self.evaluate, self.span, self.constructor, self.hook)

    def raw(self, call: ast.Call | None, known: list[str]) -> Raw:
        """The settings of a decorator call."""
        raw = Raw()
        for keyword in call.keywords if call else ():
            if keyword.arg is None:
                self._not_constant("`**`", keyword.value, "settings are written out")
                continue
            if keyword.arg not in known:
                hint = closest(keyword.arg, known)
                self.report.add(UnknownSetting(self.span(keyword), keyword.arg, hint))
                continue
            if keyword.arg in HOOKS:
                raw.spans[keyword.arg] = self.span(keyword)
                self._hook(raw, keyword.arg, keyword.value, self.span(keyword.value))
                continue
            try:
                raw.values[keyword.arg] = self._value(keyword.value)
                raw.spans[keyword.arg] = self.span(keyword)
            except NotConstantError as error:
                self._not_constant(f"setting {keyword.arg!r}", keyword.value, str(error))
            except _NoHookError as error:
                self.report.add(InvalidSetting(self.span(keyword.value), keyword.arg, str(error)))
        for argument in call.args if call else ():
            self.report.add(InvalidSetting(self.span(argument), "settings", "they are given by name"))
        return raw

    def site_raw(self, settings: Mapping[str, Any], place: Span, known: list[str] = values.STEP_SETTINGS) -> Raw:
        """Settings of the project's configuration, in the forms that TOML has."""
        raw = Raw()
        for name, value in settings.items():
            if name not in known:
                self.report.add(UnknownSetting(place, str(name), closest(str(name), known)))
                continue
            raw.spans[name] = place
            if name in HOOKS:
                self._hook(raw, name, _parsed(value), place)
            else:
                raw.values[name] = values.from_toml(name, value)
            if isinstance(made := raw.values.get(name), values.Made) and TOLD[1] in made.arguments:
                told = Raw()
                self._hook(told, name, _parsed(made.arguments[TOLD[1]]), place)
                raw.values[name] = values.Made(made.kind, {**made.arguments, TOLD[1]: told.values.get(name)})
        return raw

    def _not_constant(self, what: str, node: ast.expr, reason: str) -> None:
        self.report.add(NotConstant(self.span(node), what, reason))

    def _hook(self, raw: Raw, setting: str, node: ast.expr, place: Span) -> None:
        try:
            raw.values[setting] = self.hook(node)
        except ValueError as error:
            self.report.add(InvalidSetting(place, setting, str(error)))

    def _value(self, node: ast.expr) -> Any:
        if isinstance(node, ast.Call) and (kind := self.constructor(node.func)) in _SIGNATURES:
            names = _SIGNATURES[kind]
            arguments = {name: self._argument(kind, name, given) for name, given in zip(names, node.args)}
            if len(node.args) > len(names):
                raise NotConstantError(f"{kind}() takes {len(names)} arguments")
            for keyword in node.keywords:
                if keyword.arg not in names:
                    raise NotConstantError(f"{kind}() has no parameter {keyword.arg!r}")
                if keyword.arg in arguments:
                    raise NotConstantError(f"{kind}() is given {keyword.arg!r} twice")
                arguments[keyword.arg] = self._argument(kind, keyword.arg, keyword.value)
            return values.Made(kind, arguments)
        if isinstance(node, ast.Dict) and all(isinstance(k, ast.Constant) for k in node.keys):
            return {self.evaluate(k): self._value(v) for k, v in zip(node.keys, node.values) if k}
        if isinstance(node, ast.List) and not any(isinstance(e, ast.Starred) for e in node.elts):
            return [self._value(e) for e in node.elts]
        return self.evaluate(node)

    def _argument(self, kind: str | None, name: str | None, node: ast.expr) -> Any:
        if (kind, name) != TOLD or (isinstance(node, ast.Constant) and node.value is None):
            return self._value(node)
        try:
            return self.hook(node)
        except ValueError as error:
            raise _NoHookError(str(error)) from error

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
            retry=build.get("retries", values.retry),
            timeout=build.get("timeout", values.positive),
            cache=build.get("cache", values.cache),
            env=build.get("env", values.env) or {},
            secrets=build.get("secrets", values.secrets) or {},
            placement=Placement(
                node_selector=build.get("node_selector", values.strings) or {},
                tolerations=build.get("tolerations", values.dicts) or (),
                labels=build.get("labels", values.strings) or {},
                annotations=build.get("annotations", values.strings) or {},
                service_account=build.get("service_account", values.text),
                queue=build.get("queue", values.text),
                priority=build.get("priority", values.priority),
            ),
            updates=build.get("updates", values.text),
            deadline=build.get("deadline", values.deadline),
            on_failure=build.get("on_failure", values.text),
            fuse=build.get("fuse", values.fuse),
            extensions=build.get("targets", build.targets) or {},
            spans=raw.spans,
        )  # fmt: skip
        component = {
            "image": build.get("image", values.text),
            "packages": build.get("packages", values.texts) or (),
            "python": build.get("python", values.version),
        }
        return policy, component

    def once(self, decorators: list[ast.expr], name: str) -> None:
        """Report a second decorator of pipec's, whose settings nobody would read."""
        heads = [(d, d.func if isinstance(d, ast.Call) else d) for d in decorators]
        for decorator, _ in [(d, h) for d, h in heads if self.constructor(h) == name][1:]:
            self.report.add(InvalidSetting(self.span(decorator), "settings", f"`@{name}` stands here twice"))

    def told_once(self, raw: Raw, place: Span) -> None:
        """Report environment variables that both `env` and `secrets` set: nobody could say which one counts."""
        env, secrets = raw.values.get("env"), raw.values.get("secrets")
        if not isinstance(env, dict) or not isinstance(secrets, dict):
            return
        for name in (one for one in env if one in secrets):
            reason = f"{name!r} is in `env` too, and an environment variable has one value"
            self.report.add(InvalidSetting(raw.spans.get("secrets", place), "secrets", reason))

    def ignorable(self, cache: Cache | None, ports: tuple[Port, ...], place: Span) -> None:
        """Report what a cache is to ignore and the step does not have."""
        names = [port.name for port in ports if not port.kind.startswith("var")]
        more = any(port.kind == "var_keyword" for port in ports)
        packed = [port.name for port in ports if port.kind.startswith("var")]
        for name in cache.ignore if cache is not None else ():
            if name in names or (more and name not in packed):
                continue
            similar = closest(name, names)
            hint = f"; did you mean {similar!r}?" if similar else ""
            reason = f"the step has no parameter {name!r} to ignore{hint}"
            if name in packed:
                reason = f"{name!r} holds any number of arguments, which count one by one; ignore single parameters"
            self.report.add(InvalidSetting(place, "cache", reason))

    def titles(self, raw: Raw, place: Span) -> tuple[str | None, str | None]:
        """The name and the description that a pipeline is given."""
        build = _Builder(raw, self.report, self.site, place)
        return build.get("name", values.name), build.get("description", values.description)

    def pipeline(self, raw: Raw, place: Span) -> PipelinePolicy:
        """The policy of a pipeline."""
        build = _Builder(raw, self.report, self.site, place)
        defaults = build.get("defaults", values.defaults) or {}
        return PipelinePolicy(
            schedule=build.get("schedule", values.schedule),
            timeout=build.get("timeout", values.positive),
            max_parallel=build.get("max_parallel", values.count),
            max_active_runs=build.get("max_active_runs", values.count),
            on_failure=build.get("on_failure", values.text),
            on_success=build.get("on_success", values.text),
            retention=build.get("retention", values.positive),
            tags=build.get("tags", values.texts) or (),
            owner=build.get("owner", values.text),
            default_retry=_Builder(Raw(defaults), Report(), self.site, place).get("retries", values.retry),
            extensions=build.get("targets", build.targets) or {},
            spans=raw.spans,
        )


class _Builder:
    def __init__(self, raw: Raw, report: Report, site: Site, place: Span) -> None:
        self.raw, self.report, self.site, self.place = raw, report, site, place

    def get(self, name: str, parse: Callable[[Any], Any]) -> Any:
        value = self.raw.values.get(name)
        if value is None:
            return None
        place = self.raw.spans.get(name, self.place)
        if isinstance(value, values.Made) and value.kind == "Argument":
            self.report.add(InvalidSetting(place, name, "only a setting of a step can be an argument of its calls"))
            return None
        try:
            values.writable(value)
            return parse(value)
        except _UnknownGpuError as error:
            self.report.add(UnknownGpu(place, str(error), tuple(sorted(self.site.gpu))))
        except (ValueError, TypeError) as error:
            self.report.add(InvalidSetting(place, name, str(error)))
        return None

    def targets(self, value: Any) -> dict[str, dict[str, Any]]:
        return values.targets(value, self.site.targets)

    def gpu(self, value: Any) -> Accelerator | None:
        memory = None
        if isinstance(value, bool):
            raise ValueError("write a number, a name, or GPU(...)")
        if isinstance(value, int):
            name, count = None, value
        elif isinstance(value, str):
            name, colon, number = value.partition(":")
            if not name or (colon and not number.isdecimal()):
                raise ValueError(f'{value!r} is no name of a device; write "a100", "a100:2" or a number')
            count = int(number[:20]) if colon else 1
        elif isinstance(value, values.Made) and value.kind == "GPU":
            name, count = value.arguments.get("name"), value.arguments.get("count", 1)
            memory = value.arguments.get("memory")
            if name is not None and (not isinstance(name, str) or not name):
                raise ValueError(f'{name!r} is no name of a device; write GPU("a100"), or leave it out for any')
        else:
            raise ValueError("write a number, a name, or GPU(...)")
        if not isinstance(count, int) or isinstance(count, bool) or not 0 <= count <= values.MOST:
            raise ValueError(f"{values.shown(count)} is no number of devices")
        if count == 0:
            return None
        entry = self.site.gpu.get(name.lower()) if name else None
        if name and entry is None:
            raise _UnknownGpuError(name)
        found = entry.model_dump() if entry else {}
        return Accelerator(
            name=name.lower() if name else None,
            count=count,
            memory=None if memory is None else parse_bytes(memory),
            **found,
        )


class _UnknownGpuError(Exception):
    pass


class _NoHookError(Exception):
    """What is to be called back cannot be; says why."""


def _parsed(value: Any) -> ast.expr:
    """The name of a function as the configuration has it, `"alerts.tell"`; whatever else stands there is none."""
    try:
        return ast.parse(value, mode="eval").body if isinstance(value, str) else ast.Constant(value)
    except SyntaxError:
        return ast.Constant(value)
