"""Decorators of flows as settings of the pipeline."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from typing import Any

from pipec.backends.metaflow.names import class_name
from pipec.backends.metaflow.native import COMPUTE, FLOW, project_problem
from pipec.backends.metaflow.reading import ours
from pipec.backends.metaflow.reading.decorators import arguments
from pipec.backends.metaflow.reading.flows import File, Flow, called
from pipec.backends.metaflow.reading.syntax import TARGET, Refused, literal, snake
from pipec.compiler.backend.native import is_of
from pipec.compiler.diagnostics import Report
from pipec.compiler.diagnostics.foreign import CannotMigrate, SettingNotKept
from pipec.compiler.pysource.text import python
from pipec.compiler.reading.settings import pipeline_settings_of
from pipec.ir import PipelinePolicy, Schedule, Span

DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")


@dataclass
class FlowSettings:
    """What the decorators of a flow say."""

    settings: dict[str, str] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)


def read_flow(flow: Flow, compute: str, report: Report) -> FlowSettings:
    """The settings of a flow; `compute`: the decorator by which its steps run elsewhere."""
    made = FlowSettings()
    made.remarks += [
        f"{f.code}: {f.message}" for f in report if getattr(f, "task", "") == flow.name and f.code == "PC505"
    ]
    policy: dict[str, Any] = {}
    native: dict[str, Any] = {} if compute == COMPUTE[0] else {"compute": compute}
    title = ""
    for node, file in flow.decorators:
        word = file.imported.word(called(node))
        given, _ = arguments(node)
        if word in ("pypi_base", "conda_base"):
            continue
        if word == "schedule":
            when, lost = _schedule(given)
            if when is not None:
                policy["schedule"] = when
            for reason in lost:
                _lost(made, report, file.source.span(node), flow.name, "@schedule", reason)
        elif word == "project":
            found = {k: literal(v)[1] for k, v in given.items()}
            wrong = next(filter(None, (project_problem(k, v) for k, v in found.items())), "")
            if wrong:
                _lost(made, report, file.source.span(node), flow.name, "@project", wrong)
            elif all(k in FLOW["project"] and is_of(v, FLOW["project"][k]) for k, v in found.items()):
                native["project"] = found
            else:
                _lost(made, report, file.source.span(node), flow.name, "@project", "its arguments are not written out")
        elif word == "trigger_on_finish" and "flow" in given and isinstance(literal(given["flow"])[1], str):
            after = str(literal(given["flow"])[1])
            policy["schedule"] = Schedule(after=pipeline_name(after.rpartition(".")[2]))
        elif word == "exit_hook" and (hooks := _hooks(given, file)):
            policy |= {f"on_{'success' if h.end == 'succeeded' else 'failure'}": h.function for h in hooks}
            title = hooks[0].title
        elif word is not None:
            reason = (
                "a hook of pipec is called with a message" if word == "exit_hook" else "pipec has no setting for it"
            )
            if word in ("trigger", "trigger_on_finish"):
                reason = "say what has to be updated: `schedule=OnUpdate(...)`"
            _lost(made, report, file.source.span(node), flow.name, f"@{word}", reason)
        else:
            what = f"the decorator `@{ast.unparse(called(node))}` of `{flow.name}`"
            reason = "it is code of its own that changes the flow"
            raise Refused(CannotMigrate(file.source.span(node), TARGET, what, reason))
    if native:
        policy["extensions"] = {TARGET: native}
    made.settings = pipeline_settings_of(PipelinePolicy(**policy))
    if title not in ("", pipeline_name(flow.name)) and class_name(title) == flow.name:
        made.settings = {"name": python(title), **made.settings}
    return made


def _hooks(given: dict[str, ast.expr], file: File) -> list[ours.Hook]:
    """What is called at the ends of a run of a flow that pipec has written; none where there is anything else."""
    found: list[ours.Hook] = []
    for argument, node in given.items():
        match node:
            case ast.List([ast.Name(name)]) if name in file.hooks:
                found.append(file.hooks[name])
            case _:
                return []
        if {"on_success": "succeeded", "on_error": "failed"}.get(argument) != found[-1].end:
            return []
    return found


def _lost(made: FlowSettings, report: Report, span: Span, task: str, setting: str, reason: str) -> None:
    finding = SettingNotKept(span, TARGET, task, setting, reason)
    report.add(finding)
    made.remarks.append(f"{finding.code}: {finding.message}")


def pipeline_name(flow: str) -> str:
    """`TrainModelFlow` -> `train_model`."""
    return snake(flow.removesuffix("Flow") or flow)


def _schedule(given: dict[str, ast.expr]) -> tuple[Schedule | None, list[str]]:
    values = {name: literal(node)[1] for name, node in given.items()}
    lost = [f"`{name}` is not written out" for name, node in given.items() if not literal(node)[0]]
    timezone = {"timezone": str(values["timezone"])} if values.get("timezone") else {}
    if "cron" in given:
        cron, problem = five_fields(str(values["cron"])) if values.get("cron") else (None, "")
        return (Schedule(cron=cron, **timezone) if cron else None), [*lost, *([problem] if problem else [])]
    for name in ("weekly", "hourly"):
        if values.get(name):
            return Schedule(cron=f"@{name}", **timezone), lost
    if values.get("daily", True):
        return Schedule(cron="@daily", **timezone), lost
    return None, [*lost, "it has no times"]


def five_fields(cron: str) -> tuple[str | None, str]:
    """A cron expression of EventBridge, which has six fields, with five; and what is lost."""
    fields = cron.split()
    if cron.startswith("@") or len(fields) == 5:
        return cron, ""
    if len(fields) != 6:
        return None, f"`{cron}` is no cron expression"
    *five, year = fields
    five = ["*" if one == "?" else one for one in five]
    if re.search(r"\d*[LW#]", five[2]) or re.search(r"\d[L#]", five[4]):
        return None, f"`{cron}` has days that five fields cannot say"
    five[4] = re.sub(r"(?<![/\d])\d", lambda m: DAYS[(int(m[0]) - 1) % 7], five[4])
    return " ".join(five), "" if year == "*" else f"the years `{year}` of `{cron}`"
