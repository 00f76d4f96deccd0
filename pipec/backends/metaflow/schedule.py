"""Schedules as flow decorators, in the cron dialect that Metaflow's deployers take."""

from __future__ import annotations

import re
from typing import Any

from pipec.backends.metaflow.names import Words, class_name
from pipec.backends.metaflow.native import compute
from pipec.backends.metaflow.settings import TARGET, Settings
from pipec.compiler.backend.schedules import can_be_scheduled
from pipec.compiler.diagnostics import Report
from pipec.compiler.diagnostics.target import LossySetting, RefusedSetting, TargetLimit
from pipec.ir import CRON_PRESETS, Pipeline

NO_SWITCH = "AWS Step Functions deploys no flow with a switch, such as this one"
DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")


def schedule(pipeline: Pipeline, switches: bool, words: Words, report: Report) -> Settings:
    """The decorators that say when runs start. `switches`: whether a step of the flow is a switch."""
    made = Settings(words, indent=0)
    plan = pipeline.policy.schedule
    if plan is None and switches and compute(pipeline.policy) == "batch":
        report.add(TargetLimit(pipeline.span, TARGET, f"{NO_SWITCH}; `run` takes it"))
    if plan is None or not can_be_scheduled(pipeline, TARGET, report):
        return made
    span = pipeline.policy.span("schedule")
    on_aws = compute(pipeline.policy) == "batch"
    if on_aws and switches:
        report.add(RefusedSetting(span, TARGET, pipeline.name, "schedule", f"{NO_SWITCH}, and nothing else heeds it"))
        return made
    cron = plan.cron
    if plan.every is not None:
        cron = every(plan.every)
        if cron is None:
            reason = f"it counts by the clock, and every {plan.every:g} s does not divide an hour or a day"
            report.add(RefusedSetting(span, TARGET, pipeline.name, "schedule", reason))
            return made
    if cron is not None:
        arguments: dict[str, Any] = {"cron": CRON_PRESETS.get(cron, cron)}
        six = six_fields(arguments["cron"])
        if six is None and on_aws:
            reason = "AWS Step Functions takes no day of the month together with a day of the week"
            report.add(RefusedSetting(span, TARGET, pipeline.name, "schedule", reason))
        elif six is None:
            loss = "AWS Step Functions takes no day of the month together with a day of the week; Argo Workflows does"
            report.add(LossySetting(span, TARGET, pipeline.name, "schedule", loss))
        else:
            arguments["cron"] = six
        if plan.timezone != "UTC":
            arguments["timezone"] = plan.timezone
        made.add("schedule", **arguments)
    if len(plan.on_update) > 1:
        reason = "its flows wait until all of several places were updated, and not for any of them; name one"
        report.add(RefusedSetting(span, TARGET, pipeline.name, "schedule", reason))
    elif plan.on_update:
        made.add("trigger", event=event_name(plan.on_update[0]))
    if plan.after is not None:
        made.add("trigger_on_finish", flow=class_name(plan.after))
    return made


def event_name(uri: str) -> str:
    """The event that says that the data at `uri` was updated: `s3_bucket_table`. Argo takes letters, digits and `_`."""
    return re.sub(r"[^a-z0-9]+", "_", uri.lower()).strip("_")


def every(seconds: float) -> str | None:
    """An interval as five cron fields; `None` where the clock has no such rhythm."""
    minutes = seconds / 60
    if minutes != int(minutes):
        return None
    whole = int(minutes)
    if whole < 60:
        return f"*/{whole} * * * *" if 60 % whole == 0 else None
    if whole == 60:
        return "0 * * * *"
    if whole % 60 == 0 and 1440 % whole == 0:
        return f"0 */{whole // 60} * * *" if whole < 1440 else "0 0 * * *"
    return None


def six_fields(cron: str) -> str | None:
    """Five cron fields as the six of EventBridge, with days by name, as the two count them differently.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
    """
    minute, hour, day, month, weekday = cron.split()
    if weekday == "*":
        return f"{minute} {hour} {day} {month} ? *"
    if day != "*" or "/" in weekday:
        return None
    named = re.sub(r"\d", lambda m: DAYS[int(m[0])], weekday)
    return f"{minute} {hour} ? {month} {named} *"
