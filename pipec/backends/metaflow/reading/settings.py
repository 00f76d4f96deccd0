"""Decorators of steps and flows as settings."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pipec.backends.metaflow.native import COMPUTE, STEP
from pipec.backends.metaflow.reading import ours
from pipec.backends.metaflow.reading.decorators import arguments, mutated
from pipec.backends.metaflow.reading.flows import File, Flow, Member, called
from pipec.backends.metaflow.reading.included import ModuleNames
from pipec.backends.metaflow.reading.known import known
from pipec.backends.metaflow.reading.syntax import TARGET, Refused, literal
from pipec.compiler.backend.native import is_of
from pipec.compiler.diagnostics import Report
from pipec.compiler.diagnostics.foreign import Adapted, CannotMigrate, ChangedMeaning, SettingNotKept
from pipec.compiler.pysource.text import python
from pipec.compiler.reading.devices import with_device_names
from pipec.compiler.reading.settings import settings_of
from pipec.ir import Accelerator, Placement, Resources, Retry, TaskPolicy

MB = 10**6
PLACES = {
    "node_selector": "node_selector", "tolerations": "tolerations", "labels": "labels", "annotations": "annotations",
    "service_account": "service_account",
}  # fmt: skip
"""Arguments of `@kubernetes` -> settings of the same form."""


@dataclass
class StepSettings:
    """What the decorators of a step say."""

    settings: dict[str, str] = field(default_factory=dict)
    """Setting -> source."""
    policy: TaskPolicy = field(default_factory=TaskPolicy)
    component: dict[str, str] = field(default_factory=dict)
    """The settings that are not in it."""
    catch: str | None = None
    """The variable of `@catch`; "" without one."""
    clears: bool = False
    """Whether the results of a step that has failed are `None`, and not what they were."""
    remarks: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass
class _Draft:
    """While the decorators are read."""

    name: str
    file: File
    report: Report
    made: StepSettings = field(default_factory=StepSettings)
    resources: dict[str, int] = field(default_factory=dict)
    placement: dict[str, Any] = field(default_factory=dict)
    policy: dict[str, Any] = field(default_factory=dict)
    native: dict[str, dict[str, Any]] = field(default_factory=dict)
    image: str | None = None
    packages: dict[str, str] = field(default_factory=dict)
    python: str | None = None
    compute: str = COMPUTE[0]
    """The decorator by which the flow's steps run elsewhere."""

    def known(self, node: ast.expr) -> tuple[bool, object]:
        """Whether the value of an argument is known, and what it is."""
        return known(node, ModuleNames(self.file.source, self.file.tree))

    def lost(self, node: ast.AST, setting: str, reason: str = "") -> None:
        """A setting that is not kept."""
        finding = SettingNotKept(self.file.source.span(node), TARGET, self.name, setting, reason)
        self.report.add(finding)
        self.made.remarks.append(f"{finding.code}: {finding.message}")


def read_step(flow: Flow, member: Member, compute: str, report: Report) -> StepSettings:
    """The settings of a step: its own, and those for all steps of the flow, which run elsewhere by `compute`."""
    draft = _Draft(flow.name, member.file, report, compute=compute)
    for node, file in flow.decorators:
        if file.imported.word(called(node)) in ("pypi_base", "conda_base"):
            draft.file = file
            _packages(draft, file.imported.word(called(node)) or "", node)
    draft.name, draft.file, draft.made = member.name, member.file, StepSettings()
    decorators = member.function.decorator_list
    message = ours.message_of(decorators) if member.file.is_ours else None
    for node in decorators:
        if message is not None and ast.unparse(called(node)) in (ours.MESSAGE, ours.LIMIT, "catch"):
            continue
        word = mutated(member.file, called(node)) or member.file.imported.word(called(node))
        if word == "step":
            continue
        if word is None or word not in READERS:
            _unknown(draft, node, word)
            continue
        given, complete = arguments(node)
        if not complete:
            draft.lost(node, f"@{word}", "its arguments are not written out by name")
            continue
        READERS[word](draft, node, given)
    if message is not None:
        draft.made.catch, draft.made.clears = message, True
    if member.file.is_ours:
        draft.policy["cache"] = ours.cache_of(member.body, member.file.tree)
        draft.policy["on_failure"] = ours.told(member.body, member.file.helpers) or None
        draft.policy["deadline"] = ours.deadline_of(member.body, member.file.helpers)
    return _finished(draft)


def _finished(draft: _Draft) -> StepSettings:
    policy = TaskPolicy(
        resources=Resources(**draft.resources),
        placement=Placement(**draft.placement),
        extensions={TARGET: draft.native} if draft.native else {},
        **draft.policy,
    )
    policy = with_device_names(policy) if draft.file.is_ours else policy
    extra: dict[str, str] = {}
    if draft.image:
        extra["image"] = python(draft.image)
    if draft.packages:
        extra["packages"] = python([_requirement(n, v) for n, v in draft.packages.items()])
    if draft.python:
        extra["python"] = python(draft.python)
    draft.made.policy, draft.made.component = policy, extra
    draft.made.settings = written(policy, extra)
    return draft.made


def written(policy: TaskPolicy, component: Mapping[str, str]) -> dict[str, str]:
    """Setting -> source."""
    settings = settings_of(policy)
    for name in ("memory", "disk"):
        if (size := getattr(policy.resources, name)) and size % MB == 0:  # as they were written: in megabytes
            settings[name] = f'"{size // MB}MB"' if size % 10**9 else f'"{size // 10**9}GB"'
    if policy.placement.tolerations:
        settings["tolerations"] = python(list(policy.placement.tolerations))
    targets = settings.pop("targets", None)
    return {**settings, **component, **({"targets": targets} if targets else {})}


def _unknown(draft: _Draft, node: ast.expr, word: str | None) -> None:
    name = ast.unparse(called(node))
    if word is not None:
        draft.lost(node, f"@{name}", "pipec has no setting for it")
        return
    what = f"the decorator `@{name}` of step `{draft.name}`"
    reason = "it is code of its own that runs around the step"
    advice = "call it in the step's body"
    raise Refused(CannotMigrate(draft.file.source.span(node), TARGET, what, reason, advice))


def _value(draft: _Draft, node: ast.expr, setting: str, *kinds: type) -> Any:
    """A value of one of `kinds`; `None`, and a finding, where it is none, or is not known."""
    found, value = draft.known(node)
    if found and value is None:
        return None
    if not found or not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        draft.lost(node, setting, "its value is not written out")
        return None
    return value


# One decorator each.


def _retry(draft: _Draft, node: ast.expr, given: dict[str, ast.expr]) -> None:
    times = _value(draft, given["times"], "times", int, str) if "times" in given else 3
    minutes = 2
    if "minutes_between_retries" in given:
        minutes = _value(draft, given["minutes_between_retries"], "minutes_between_retries", int, float, str)
    if times is None or minutes is None:
        return
    try:
        limit, delay = int(times), float(int(minutes)) * 60
    except (ValueError, OverflowError):
        draft.lost(node, "retry", "its values are no numbers")
        return
    ours = draft.file.is_ours and "minutes_between_retries" not in given  # Metaflow's own default is meant
    if limit:
        draft.policy["retry"] = Retry(limit=limit, delay=None if ours else delay)


def _timeout(draft: _Draft, node: ast.expr, given: dict[str, ast.expr]) -> None:
    total = 0.0
    for unit, size in (("seconds", 1), ("minutes", 60), ("hours", 3600)):
        if unit in given:
            value = _value(draft, given[unit], unit, int, float, str)
            if value is None:
                return
            try:
                total += int(value) * size
            except (ValueError, OverflowError):
                draft.lost(node, "timeout", "its values are no numbers")
                return
    if total:
        draft.policy["timeout"] = total


def _numbers(draft: _Draft, given: dict[str, ast.expr], compute: str) -> None:
    """What all three of `@resources`, `@kubernetes` and `@batch` have; Batch takes the number of MB for one of MiB."""
    for name, key, factor in (
        ("cpu", "cpu", 1000),
        ("memory", "memory", 2**20 if compute == "batch" else MB),
        ("disk", "disk", MB),
        ("shared_memory", "shm", 2**20),
    ):
        if name not in given:
            continue
        value = _value(draft, given[name], name, int, float, str)
        try:
            amount = round(float(value) * factor) if value is not None else None
        except ValueError:
            draft.lost(given[name], name, "it is no number")
            continue
        if amount is not None:
            draft.resources[key] = max(amount, draft.resources.get(key, 0))
    if "gpu" in given:
        count = _value(draft, given["gpu"], "gpu", int, str)
        if count is not None and int(count) > 0:
            vendor = literal(given["gpu_vendor"])[1] if "gpu_vendor" in given else "nvidia"
            key = "amd.com/gpu" if str(vendor).lower() == "amd" else "nvidia.com/gpu"
            if key == "amd.com/gpu":
                draft.lost(given["gpu_vendor"], "gpu_vendor", 'name the device instead: `gpu="amd-mi300x"`')
            draft.policy["accelerator"] = Accelerator(count=int(count))


def _resources(draft: _Draft, node: ast.expr, given: dict[str, ast.expr]) -> None:
    _numbers(draft, given, draft.compute)
    for name in given.keys() - {"cpu", "memory", "disk", "shared_memory", "gpu"}:
        draft.lost(given[name], name, "`@resources` has no such argument")


def _kubernetes(draft: _Draft, node: ast.expr, given: dict[str, ast.expr]) -> None:
    _numbers(draft, given, "kubernetes")
    for name, value in given.items():
        if name in ("cpu", "memory", "disk", "shared_memory", "gpu", "gpu_vendor"):
            continue
        if name == "image":
            draft.image = _value(draft, value, name, str)
        elif name in PLACES:
            _place(draft, name, value)
        elif name in STEP["kubernetes"]:
            _native(draft, "kubernetes", name, value)
        elif name == "secrets":
            draft.lost(value, name, 'name the keys that are needed: `secrets={"TOKEN": Secret("name", key="TOKEN")}`')
        else:
            draft.lost(value, name, "pipec has no setting for it")
    if not given:
        _nothing_asked(draft, node, "kubernetes")


def _native(draft: _Draft, word: str, name: str, node: ast.expr) -> None:
    """An argument of `@kubernetes` or `@batch` that pipec has no setting for."""
    known, constant = draft.known(node)
    if known and constant is not None and is_of(constant, STEP[word][name]):
        draft.native.setdefault(word, {})[name] = constant
    elif not known or constant is not None:
        draft.lost(node, name, "its value is not written out")


def _nothing_asked(draft: _Draft, node: ast.expr, word: str) -> None:
    draft.made.notes.append(f"where it runs is for the target to say, and not for `@{word}`")
    draft.report.add(Adapted(draft.file.source.span(node), draft.name, draft.made.notes[-1]))


def _place(draft: _Draft, name: str, node: ast.expr) -> None:
    value = _value(draft, node, name, dict, str, list, tuple)
    if value is None:
        return
    if name == "tolerations":
        value = tuple(value)
    elif name != "service_account" and isinstance(value, (str, list, tuple)):
        parts = value.split(",") if isinstance(value, str) else value
        value = dict(str(part).partition("=")[::2] for part in parts)
    draft.placement[PLACES[name]] = value


def _batch(draft: _Draft, node: ast.expr, given: dict[str, ast.expr]) -> None:
    if draft.compute != "batch":
        draft.lost(node, "@batch", "other steps run by `@kubernetes`, and no deployer takes both")
    _numbers(draft, given, "batch")
    for name, value in given.items():
        if name in ("cpu", "memory", "shared_memory", "gpu"):
            continue
        if name == "image":
            draft.image = _value(draft, value, name, str)
        elif name == "queue":
            draft.placement["queue"] = _value(draft, value, name, str)
        elif name == "aws_batch_tags" and draft.file.is_ours:
            _place(draft, "labels", value)
        elif name in STEP["batch"]:
            _native(draft, "batch", name, value)
        elif name in ("inferentia", "trainium"):
            draft.lost(
                value, name, 'name the device under `[tool.pipec.gpu]`, with `resource = "aws.amazon.com/neuron"`'
            )
        else:
            draft.lost(value, name, "pipec has no setting for it")
    if not given:
        _nothing_asked(draft, node, "batch")


def _environment(draft: _Draft, node: ast.expr, given: dict[str, ast.expr]) -> None:
    variables = given.get("vars")
    if not isinstance(variables, ast.Dict):
        if variables is not None:
            draft.lost(variables, "vars", "they are not written out")
        return
    env: dict[str, str] = {}
    for key, value in zip(variables.keys, variables.values):
        known, name = literal(key) if key is not None else (False, None)
        constant, text = draft.known(value)
        if known and constant and text is not None:
            env[str(name)] = str(text)
        else:
            draft.lost(
                value, f"vars[{ast.unparse(key) if key else '**'}]", "its value is found where the run is started"
            )
    if env:
        draft.policy["env"] = env


def _packages_of_step(draft: _Draft, node: ast.expr, given: dict[str, ast.expr]) -> None:
    _packages(draft, draft.file.imported.word(called(node)) or "pypi", node)


def _packages(draft: _Draft, word: str, node: ast.expr) -> None:
    given, _ = arguments(node)
    if "disabled" in given and literal(given["disabled"]) == (True, True):
        draft.packages, draft.python = {}, None
        return
    for name, value in given.items():
        if name in ("packages", "libraries"):
            found = _value(draft, value, name, dict)
            if found:
                draft.packages |= {str(k): str(v) for k, v in found.items()}
                if word.startswith("conda"):
                    how = "the packages of conda are asked for by the same names with pip"
                    if how not in draft.made.notes:
                        draft.made.notes.append(how)
                        draft.report.add(Adapted(draft.file.source.span(node), draft.name, how))
        elif name == "python":
            version = _value(draft, value, name, str)
            plain = re.fullmatch(r"(?:==?)?\s*(\d+(?:\.\d+)*)(?:\.\*)?", version or "")
            if version and plain is None:
                draft.lost(value, name, f"{version!r} is no one version")
            draft.python = plain[1] if plain else draft.python
        elif name != "disabled":
            draft.lost(value, name, "pipec has no setting for it")


def _requirement(name: str, version: str) -> str:
    """`pandas==2.1` for "2.1", `pandas>=2` for ">=2", `pandas` for ""."""
    name = name.rpartition("::")[2]
    if not version:
        return name
    return f"{name}{version}" if re.match(r"[<>=!~]", version) else f"{name}=={version}"


def _catch(draft: _Draft, node: ast.expr, given: dict[str, ast.expr]) -> None:
    variable = _value(draft, given["var"], "var", str) if "var" in given else None
    draft.made.catch = variable or ""
    if "print_exception" in given and literal(given["print_exception"]) != (True, True):
        draft.lost(node, "print_exception", "what has failed is always shown")
    difference = "what it has set before it fails is not kept"
    if variable:
        difference = f"`{variable}` is the message of the exception, and {difference}"
    finding = ChangedMeaning(draft.file.source.span(node), TARGET, draft.name, difference)
    draft.report.add(finding)
    draft.made.remarks.append(f"{finding.code}: {finding.message}")


def _card(draft: _Draft, node: ast.expr, given: dict[str, ast.expr]) -> None:
    found: dict[str, Any] = {}
    for name, value in given.items():
        known, constant = literal(value)
        if name in STEP["card"] and known and is_of(constant, STEP["card"][name]):
            found[name] = constant
        elif not known or constant is not None:
            draft.lost(value, f"{name} of @card", "pipec has no setting for it")
    if "card" in draft.native:
        draft.lost(node, "@card", "a step has one card in pipec")
        return
    draft.native["card"] = found


def _secrets(draft: _Draft, node: ast.expr, given: dict[str, ast.expr]) -> None:
    draft.lost(node, "@secrets", 'name the variables that it sets: `secrets={"TOKEN": Secret("name", key="TOKEN")}`')


READERS = {
    "retry": _retry, "timeout": _timeout, "resources": _resources, "kubernetes": _kubernetes, "batch": _batch,
    "environment": _environment, "pypi": _packages_of_step, "conda": _packages_of_step, "catch": _catch, "card": _card,
    "secrets": _secrets,
}  # fmt: skip
