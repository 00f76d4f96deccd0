"""The schedule of a pipeline as a recurring run, which lives beside the compiled pipeline on a KFP server."""

from __future__ import annotations

import math
import re
from datetime import datetime, timezone
from typing import Any

from pipec.backends.kfp.emit import comment, document
from pipec.compiler.backend.schedules import can_be_scheduled
from pipec.compiler.diagnostics import Report
from pipec.compiler.diagnostics.target import LossySetting
from pipec.ir import CRON_PRESETS, Pipeline, Schedule

ENDING = ".recurring-run.yaml"
"""Of the file beside a document."""
UNBOUNDED = 10
"""Runs at once where nobody has said how many: as many as a KFP server takes."""


def recurring_run(pipeline: Pipeline, file: str, report: Report) -> str | None:
    """The arguments of `kfp.Client().create_recurring_run` as YAML; `None` without a schedule that KFP takes."""
    schedule = pipeline.policy.schedule
    if schedule is None:
        return None
    if not can_be_scheduled(pipeline, "kfp", report):
        return None
    span = pipeline.policy.span("schedule")
    wanted: dict[str, Any] = {"job_name": pipeline.name, "pipeline_package_path": file}
    if pipeline.doc:
        wanted["description"] = pipeline.doc.strip().splitlines()[0]
    if schedule.cron is not None:
        wanted["cron_expression"] = six_fields(schedule.cron)
    elif schedule.every is not None:
        wanted["interval_second"] = math.ceil(schedule.every)
        if schedule.every != math.ceil(schedule.every):
            loss = f"every {schedule.every:g} s becomes every {math.ceil(schedule.every)} s"
            report.add(LossySetting(span, "kfp", pipeline.name, "schedule", loss))
    for key, text in (("start_time", schedule.start), ("end_time", schedule.end)):
        if text is not None:
            wanted[key] = _utc(text, schedule)
    runs = pipeline.policy.max_active_runs or UNBOUNDED
    wanted |= {"max_concurrency": min(runs, UNBOUNDED), "no_catchup": not schedule.catchup}
    if runs > UNBOUNDED:
        loss = f"{runs} runs at once become {UNBOUNDED}, which is the most that a server takes"
        report.add(LossySetting(pipeline.policy.span("max_active_runs"), "kfp", pipeline.name, "max_active_runs", loss))
    lines = [
        f"When {pipeline.name} runs: compiled by pipec from {pipeline.file}; change that file and build again.",
        "Create it once, beside this file, with the id of an experiment:",
        "",
        "  arguments = yaml.safe_load(open(FILE))",
        "  kfp.Client().create_recurring_run(experiment_id=ID, **arguments)",
        "",
    ]
    if schedule.cron is not None:
        lines.append(
            "Six fields, seconds first, in the time zone of the server (CRON_SCHEDULE_TIMEZONE; UTC by default)"
            + (f": it has to be {schedule.timezone}." if schedule.timezone != "UTC" else ".")
        )
    else:
        lines.append("Seconds from one run to the next.")
    return comment(lines) + document(wanted)


def six_fields(cron: str) -> str:
    """A cron expression of five fields, or a preset, with a field for the seconds in front.

    KFP reads it with robfig/cron, where Sunday is 0 alone.
    """
    minute, hour, day, month, weekday = CRON_PRESETS.get(cron, cron).split()
    if re.fullmatch(r"[\d,/-]+", weekday) and "7" in weekday:
        weekday = _spread(weekday)
    return f"0 {minute} {hour} {day} {month} {weekday}"


def _spread(weekday: str) -> str:
    """Days of the week among which Sunday is called 7, one by one."""
    days: set[int] = set()
    for part in weekday.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        days |= {day % 7 for day in range(int(first), int(last or first) + 1, int(step or 1))}
    return ",".join(map(str, sorted(days)))


def _utc(text: str, schedule: Schedule) -> str:
    """A date or time in the schedule's zone, as RFC 3339 in UTC."""
    found = datetime.fromisoformat(re.sub(r"Z$", "+00:00", text))
    if found.tzinfo is None:
        from zoneinfo import ZoneInfo  # slow to import

        found = found.replace(tzinfo=ZoneInfo(schedule.timezone))
    return found.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
