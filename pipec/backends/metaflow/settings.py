"""Settings of steps and pipelines as decorators, in Metaflow's units."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Any

from pipec.backends.metaflow import native
from pipec.backends.metaflow.batch import batch, mebibytes, secrets
from pipec.backends.metaflow.names import Words
from pipec.compiler.capabilities import at_least, load
from pipec.compiler.diagnostics import Report
from pipec.compiler.diagnostics.target import LossySetting, RefusedSetting
from pipec.compiler.pysource.layout import fitted
from pipec.compiler.rendering import python_literal
from pipec.compiler.site import Site
from pipec.ir import Component, Retry, Task

TARGET = "metaflow"
MOST_RETRIES = 4
"""Metaflow makes six attempts at the most, two of which it keeps to itself."""
EXTENDED = "2.19.34"
"""Since then `@kubernetes` takes `extended_resources`."""
LEAST = {"cpu": 1, "memory": 4096, "disk": 10240}
"""`@resources` only raises the defaults of the platform: cores, MB, MB."""
REQUIREMENT = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*(?:\[[^\]]*\])?)\s*((?:[<>=!~]=?|===).*)?\Z")


@dataclass
class Settings:
    """The decorators of one step."""

    words: Words
    lines: list[str] = field(default_factory=list)
    indent: int = 4

    def add(self, decorator: str, /, **arguments: Any) -> None:
        """One decorator."""
        listed = ", ".join(f"{key}={_literal(value)}" for key, value in arguments.items())
        self.lines += fitted(f"@{self.words(decorator)}({listed})", self.indent)


def _literal(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_literal(k)}: {_literal(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_literal, value)) + "]"
    return python_literal(value)


def settings(task: Task, component: Component, compute: str, site: Site, words: Words, report: Report) -> Settings:
    """The decorators that the policy of `task` asks for, where steps run by the decorator `compute`."""
    made = Settings(words)
    cluster = (batch if compute == "batch" else _kubernetes)(task, component, site, report)
    if task.policy.retry is not None:
        _retry(task, task.policy.retry, made, report)
    if task.policy.timeout is not None:
        _timeout(task, task.policy.timeout, compute, cluster is not None and cluster[0] != "resources", made, report)
    if task.policy.env:
        made.add("environment", vars=task.policy.env)
    card = native.arguments(task.policy, "card")
    if card is not None:
        made.add("card", **card)
    if cluster is not None:
        made.add(cluster[0], **cluster[1])
    if compute == "batch" and task.policy.secrets:
        made.add("secrets_on_batch", sources=secrets(task, report))
    if component.packages or component.python:
        _packages(task, component, made, report)
    return made


def _retry(task: Task, retry: Retry, made: Settings, report: Report) -> None:
    span, step = task.policy.span("retries"), task.site.step
    if retry.limit > MOST_RETRIES:
        reason = f"it retries {MOST_RETRIES} times at the most"
        report.add(RefusedSetting(span, TARGET, step, "retries", reason))
        return
    if retry.limit == 0:
        return
    arguments: dict[str, Any] = {"times": retry.limit}
    if retry.delay is not None:
        minutes = math.ceil(retry.delay / 60)
        if minutes * 60 != retry.delay:
            report.add(
                LossySetting(span, TARGET, step, "retries", f"a delay of {retry.delay:g} s becomes {minutes} min")
            )
        arguments["minutes_between_retries"] = minutes
    made.add("retry", **arguments)


def _timeout(task: Task, seconds: float, compute: str, is_remote: bool, made: Settings, report: Report) -> None:
    span, step = task.policy.span("timeout"), task.site.step
    whole = math.ceil(seconds)
    if whole < 60 and is_remote:
        whole = 60
        loss = f"{seconds:g} s becomes 60 s: @{compute} takes no less"
        report.add(LossySetting(span, TARGET, step, "timeout", loss))
    elif whole != seconds:
        report.add(LossySetting(span, TARGET, step, "timeout", f"{seconds:g} s becomes {whole} s"))
    if whole < 60:
        loss = f"{whole} s holds in local runs; @{compute} takes no less than 60 s"
        report.add(LossySetting(span, TARGET, step, "timeout", loss))
    for unit, size in (("hours", 3600), ("minutes", 60), ("seconds", 1)):
        if whole % size == 0:
            made.add("timeout", **{unit: whole // size})
            return


def _kubernetes(task: Task, component: Component, site: Site, report: Report) -> tuple[str, dict[str, Any]] | None:
    """`@resources` where it asks for exactly this, else `@kubernetes` with all of it: decorator and arguments."""
    policy = task.policy
    wanted: dict[str, Any] = {}
    r, gpu, place = policy.resources, policy.accelerator, policy.placement
    if r.cpu is not None:
        wanted["cpu"] = _number(r.cpu / 1000)
    if r.memory is not None:
        wanted["memory"] = _number(r.memory / 10**6)
    if r.disk is not None:
        wanted["disk"] = _number(r.disk / 10**6)
    image = component.image or site.own_image
    selector = {**(gpu.node_selector if gpu else {}), **place.node_selector}
    tolerations = [dict(t) for t in (*(gpu.tolerations if gpu else ()), *place.tolerations)]
    own: dict[str, Any] = {}
    if gpu is not None:
        own |= _gpu(task, wanted, site, report)
    if r.shm is not None:
        own["shared_memory"] = mebibytes(task, "shm", r.shm, report)
    own |= {
        key: value
        for key, value in {
            "image": image, "service_account": place.service_account, "node_selector": selector,
            "tolerations": tolerations, "labels": place.labels, "annotations": place.annotations,
            "secrets": sorted({s.name for s in policy.secrets.values()}),
        }.items()
        if value
    }  # fmt: skip
    own |= native.arguments(policy, "kubernetes") or {}
    for name, ref in policy.secrets.items():
        if name != ref.key:
            reason = f"the variable {name!r} would be called like the secret's key, {ref.key!r}"
            report.add(RefusedSetting(policy.span("secrets"), TARGET, task.site.step, "secrets", reason))
    if not wanted and not own:
        return None
    exact = not own and all(wanted[k] >= LEAST[k] for k in wanted if k in LEAST)
    return ("resources" if exact else "on_kubernetes"), {**wanted, **own}


def _gpu(task: Task, wanted: dict[str, Any], site: Site, report: Report) -> dict[str, Any]:
    gpu, version = task.policy.accelerator, load(TARGET).version(site)
    assert gpu is not None
    if gpu.resource in ("nvidia.com/gpu", "amd.com/gpu"):
        wanted["gpu"] = gpu.count
        return {"gpu_vendor": "amd"} if gpu.resource.startswith("amd") else {}
    if not at_least(version, EXTENDED):
        reason = f"devices called {gpu.resource!r} need Metaflow {EXTENDED} or later; this is for {version}"
        report.add(RefusedSetting(task.policy.span("gpu"), TARGET, task.site.step, "gpu", reason))
    return {"extended_resources": {gpu.resource: str(gpu.count)}}


def _number(value: float) -> int | float:
    return int(value) if value == int(value) else value


def _packages(task: Task, component: Component, made: Settings, report: Report) -> None:
    packages: dict[str, str] = {}
    for requirement in component.packages:
        found = REQUIREMENT.match(requirement.strip())
        if found is None or ";" in requirement or "@" in requirement:
            reason = f"@pypi takes names and versions, and no {requirement!r}"
            report.add(RefusedSetting(task.policy.span("packages"), TARGET, task.site.step, "packages", reason))
            return
        version = (found[2] or "").strip()
        packages[found[1]] = version.removeprefix("==").strip() if "," not in version else version
    arguments: dict[str, Any] = {"packages": packages}
    if component.python:
        arguments["python"] = component.python
    made.add("pypi_on_cluster", **arguments)
