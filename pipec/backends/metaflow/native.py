"""Native settings, `targets={"metaflow": {...}}`: decorators of Metaflow's own by name, with their arguments.

A step takes `kubernetes` and `batch` (what pipec has no setting for) and `card`; a pipeline takes `project`, and with
`compute` the service that its steps run on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pipec.compiler.backend.native import is_of, unknown
from pipec.compiler.capabilities import at_least
from pipec.compiler.diagnostics import Report
from pipec.compiler.diagnostics.target import LossySetting, RefusedSetting
from pipec.ir import Pipeline, PipelinePolicy, TaskPolicy
from pipec.ir.graph import tasks

TARGET = "metaflow"
Decorators = Mapping[str, Mapping[str, type]]
COMPUTE = ("kubernetes", "batch")
"""Decorators for steps that run elsewhere, the usual one first. Each has a deployer, which takes no other."""
STEP: Decorators = {
    "batch": {
        "aws_batch_tags": dict, "efa": int, "efs_volumes": list, "ephemeral_storage": int, "executable": str,
        "execution_role": str, "host_volumes": list, "iam_role": str, "log_driver": str, "log_options": list,
        "max_swap": int, "privileged": bool, "swappiness": int, "tmpfs_path": str, "tmpfs_size": int,
        "tmpfs_tempdir": bool, "use_tmpfs": bool,
    },
    "card": {"id": str, "options": dict, "timeout": int, "type": str},
    "kubernetes": {
        "compute_pool": str, "executable": str, "image_pull_policy": str, "image_pull_secrets": list, "namespace": str,
        "persistent_volume_claims": dict, "port": int, "qos": str, "security_context": dict, "tmpfs_path": str,
        "tmpfs_size": int, "tmpfs_tempdir": bool, "use_tmpfs": bool,
    },
}  # fmt: skip
"""Decorator -> its arguments and their types."""
SINCE = {"aws_batch_tags": "2.18.1", "privileged": "2.19.18"}
"""Argument of `@batch` -> the first version of Metaflow that has it."""
FLOW: Decorators = {"project": {"branch": str, "name": str, "production": bool}}
OURS = {
    "annotations": "annotations", "catch": "try / except", "conda": "packages", "cpu": "cpu", "disk": "disk",
    "environment": "env", "exit_hook": "on_failure, on_success", "extended_resources": "gpu", "gpu": "gpu",
    "gpu_vendor": "gpu", "image": "image", "inferentia": "gpu", "labels": "labels", "memory": "memory",
    "node_selector": "node_selector", "pypi": "packages", "queue": "queue", "resources": "cpu, memory, gpu, ...",
    "retry": "retries", "schedule": "schedule", "secrets": "secrets", "service_account": "service_account",
    "shared_memory": "shm", "timeout": "timeout", "tolerations": "tolerations", "trainium": "gpu",
    "trigger_on_finish": "schedule",
}  # fmt: skip
"""Decorators and arguments that a setting of pipec's own becomes."""


PROJECT = re.compile(r"[a-z0-9_]{1,128}")
"""What Metaflow's own `project_decorator` takes for the name of a project and of a branch."""


def compute(policy: PipelinePolicy) -> str:
    """The decorator for steps that run elsewhere: one of `COMPUTE`."""
    return str(policy.extensions.get(TARGET, {}).get("compute", COMPUTE[0]))


def check(pipeline: Pipeline, version: str, report: Report) -> None:
    """Report what Metaflow does not have, has by a setting of pipec's own, or takes in another type only."""
    given = pipeline.policy.extensions.get(TARGET, {})
    problems = _problems({name: value for name, value in given.items() if name != "compute"}, FLOW, version)
    if "compute" in given and given["compute"] not in COMPUTE:
        named = " and ".join(repr(name) for name in COMPUTE)
        problems.append(f"'compute' is {given['compute']!r}; there are {named}")
    _report(problems, pipeline.policy, pipeline.name, report)
    for task in tasks(pipeline):
        given = task.policy.extensions.get(TARGET, {})
        problems = _problems({name: value for name, value in given.items() if name != "compute"}, STEP, version)
        if "compute" in given:
            problems.append("'compute' is for a pipeline: each deployer takes flows that run in one place")
        _report(problems, task.policy, task.site.step, report)
        for name in COMPUTE:
            if name in given and name != compute(pipeline.policy):
                loss = f"the arguments of `@{name}` are not used: the steps run by `@{compute(pipeline.policy)}`"
                report.add(LossySetting(task.policy.span("targets"), TARGET, task.site.step, "targets", loss))


def _report(problems: list[str], policy: TaskPolicy | PipelinePolicy, subject: str, report: Report) -> None:
    for reason in problems:
        report.add(RefusedSetting(policy.span("targets"), TARGET, subject, "targets", reason))


def _problems(given: Mapping[str, Any], known: Decorators, version: str) -> list[str]:
    found = []
    for name, arguments in given.items():
        if name not in known:
            found.append(unknown(name, known, OURS))
        elif not isinstance(arguments, dict):
            found.append(f"{name!r} is {arguments!r}; write a dict of its arguments")
        else:
            for argument, value in arguments.items():
                kind = known[name].get(argument)
                if kind is None:
                    found.append(f"@{name}: {unknown(argument, known[name], OURS)}")
                elif not is_of(value, kind):
                    found.append(f"@{name}: {argument!r} is {value!r}, which is no {kind.__name__}")
                elif name == "batch" and not at_least(version, SINCE.get(argument, "")):
                    found.append(f"@{name}: {argument!r} needs Metaflow {SINCE[argument]}; this is for {version}")
                elif name == "project" and (reason := project_problem(argument, value)):
                    found.append(f"@{name}: {reason}")
    return found


def project_problem(argument: str, value: object) -> str:
    """Why Metaflow's `@project` would not take an argument; "" where it does."""
    if not isinstance(value, str) or PROJECT.fullmatch(value):
        return ""
    return f"{argument!r} is {value!r}; it takes small letters, digits and underscores, at most 128"


def arguments(policy: TaskPolicy | PipelinePolicy, decorator: str) -> dict[str, Any] | None:
    """The arguments of a decorator; `None` where it is not asked for."""
    found = policy.extensions.get(TARGET, {}).get(decorator)
    return dict(found) if isinstance(found, dict) else None
