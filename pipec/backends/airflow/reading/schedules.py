"""Settings of a DAG as those of a pipeline: its schedule first of all."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from pipec.backends.airflow import native
from pipec.backends.airflow.reading.constants import Zone
from pipec.backends.airflow.reading.policies import asset_uri, default_args, default_retry
from pipec.backends.airflow.reading.scope import is_constant
from pipec.backends.airflow.reading.values import Arg, Dag, Made, Moment
from pipec.compiler.backend.native import is_of
from pipec.ir import CRON_PRESETS, PipelinePolicy, Schedule

ELSEWHERE = frozenset(
    [
        "dag_id", "description", "doc_md", "params", "default_args", "schedule", "schedule_interval", "timetable",
        "start_date", "end_date", "catchup", "default_view", "orientation", "access_control",
        "sla_miss_callback", "auto_register",
    ]
)  # fmt: skip
SET_LATER = frozenset(["catchup", "description", "doc_md", "start_date", "end_date"])
"""What counts too where it is set after the DAG was made."""
LOST = {
    "access_control": "who may see the DAG is set in Airflow",
    "sla_miss_callback": "",
    "deadline": "",
    "default_view": "it is a matter of Airflow's own pages",
    "orientation": "it is a matter of Airflow's own pages",
}
NUMBERS = {
    "max_active_runs": "max_active_runs", "max_active_tasks": "max_parallel", "concurrency": "max_parallel",
}  # fmt: skip


PAST = datetime(2026, 1, 1)
"""Starts before this have passed: a fixed day, so that the same file always gives the same result."""


@dataclass
class DagSettings:
    """The settings of one DAG."""

    policy: PipelinePolicy
    lost: list[tuple[str, str, Arg]] = field(default_factory=list)
    """Setting, reason, and where it was written."""
    native: str | list[str] | None = None
    """A schedule that pipec has no word for: "@once", or the assets that start the DAG together."""
    past: bool = False
    """Its start lies in the past, and means nothing, since runs that were missed are not made up for."""
    changed: list[tuple[str, Arg]] = field(default_factory=list)
    """What is done differently, and where that was written."""


TEMPLATES = (
    "user_defined_macros", "user_defined_filters", "template_searchpath", "render_template_as_native_obj",
    "jinja_environment_kwargs", "template_undefined",
)  # fmt: skip
"""How templates are filled in: what becomes a step has none."""


def dag_settings(dag: Dag, version_2: bool, natives: bool) -> DagSettings:
    """The settings of `dag`. `natives`: some of its tasks stay in Airflow's words."""
    found = DagSettings(PipelinePolicy())
    values: dict[str, Any] = {"default_retry": default_retry(dag)}
    extensions: dict[str, Any] = {}
    for name, arg in (dag.given | dag.attributes).items():
        value = arg.value
        if name in dag.attributes and name in ELSEWHERE - SET_LATER:
            found.lost.append((name, "it is set when the DAG has been made", arg))
        elif name in TEMPLATES:
            if natives and value:
                found.lost.append((name, "the templates of tasks that stay as they are may need it", arg))
        elif name in NUMBERS and isinstance(value, int):
            values[NUMBERS[name]] = value
        elif name == "dagrun_timeout" and isinstance(value, timedelta):
            values["timeout"] = value.total_seconds()
        elif name == "tags" and isinstance(value, (list, tuple, set)) and all(isinstance(t, str) for t in value):
            values["tags"] = tuple(value) if not isinstance(value, set) else tuple(sorted(map(str, value)))
        elif name in native.DAG and name not in ELSEWHERE and is_constant(value) and is_of(value, native.DAG[name]):
            extensions[name] = value
        elif name == "fail_stop" and isinstance(value, bool):
            extensions["fail_fast"] = value
        elif name in LOST and value is not None:
            found.lost.append((name, LOST[name], arg))
        elif name not in ELSEWHERE and name not in LOST and value is not None:
            found.lost.append((name, _why(name), arg))
    defaults = dag.given.get("default_args")
    if defaults is not None and isinstance(defaults.value, dict):
        owner = defaults.value.get("owner")
        if isinstance(owner, str) and owner:
            values["owner"] = owner
    elif defaults is not None:
        found.lost.append(("default_args", "they are not known before the file runs", defaults))
    values["schedule"] = _schedule(dag, version_2, found)
    if defaults_of_all := default_args(dag):
        extensions["default_args"] = defaults_of_all
    if found.native is not None:
        extensions["schedule"] = found.native
    if extensions:
        values["extensions"] = {native.TARGET: extensions}
    found.policy = PipelinePolicy(**values)
    return found


def _why(name: str) -> str:
    return "Airflow calls it with its context" if name.endswith("_callback") else ""


def _schedule(dag: Dag, version_2: bool, found: DagSettings) -> Schedule | None:
    """When the DAG runs."""
    arg = dag.given.get("schedule") or dag.given.get("schedule_interval") or dag.given.get("timetable")
    start, end = _moment(dag, "start_date"), _moment(dag, "end_date")
    value = arg.value if arg is not None else None
    if arg is None and version_2 and "schedule" not in dag.given:
        value = timedelta(days=1)
    catchup = dag.option("catchup")
    known = catchup is None or catchup.value is None or isinstance(catchup.value, (bool, int))
    late = version_2 if catchup is None or catchup.value is None or not known else bool(catchup.value)
    if arg is None and value is None:
        return None
    made = _of(value, start, arg, found)
    if made is None:
        return None
    if catchup is not None and not known:
        found.lost.append(("catchup", "it is not known before the file runs", catchup))
    elif catchup is not None and late and made.every is not None:
        found.lost.append(("catchup", "an interval has no such", catchup))
    if catchup is None and version_2 and (made.cron or made.every):
        place = arg or dag.given.get("start_date")
        if place is not None:
            found.changed.append(
                ("Airflow 2 makes up for the runs that it missed unless `catchup=False` is given", place)
            )
    if made.cron is not None:
        update: dict[str, Any] = {"catchup": late and catchup is not None and known}
        for name, when in (("start", start), ("end", end)):
            if when is not None and (name == "end" or update["catchup"] or when.when >= PAST):
                update[name] = _written(when)
            elif when is not None:
                found.past = True
        made = made.model_copy(update=update)
    elif made.every is not None:
        for name, when in (("start_date", start), ("end_date", end)):
            place = dag.option(name)
            if when is not None and place is not None and (late or name == "end_date"):
                found.lost.append((name, "an interval has no such", place))
    return made


def _of(value: object, start: Moment | None, arg: Arg | None, found: DagSettings) -> Schedule | None:
    zone = (start.zone if start is not None else None) or "UTC"
    match value:
        case None:
            return None
        case "@once" | "@continuous":
            found.native = value
            return None
        case str() if value in CRON_PRESETS:
            return Schedule(cron=value, timezone=zone)
        case str() if _is_cron(value):
            return Schedule(cron=value, timezone=zone)
        case timedelta() if value.total_seconds() > 0:
            return Schedule(every=value.total_seconds())
        case Made(word="CronTriggerTimetable" | "CronDataIntervalTimetable") if value.args:
            expression, named = value.args[0], value.kwargs.get("timezone", zone)
            if isinstance(expression, str) and isinstance(named, (str, Zone)) and _is_cron(expression):
                return Schedule(cron=expression, timezone=str(named))
        case Made(word="DeltaTriggerTimetable" | "DeltaDataIntervalTimetable") if value.args:
            return _of(value.args[0], start, arg, found)
    uris = _assets(value)
    if uris:
        return Schedule(on_update=tuple(uris))
    every = _all(value)
    if every:
        found.native = every
    elif arg is not None:
        found.lost.append(("schedule", "it has no counterpart", arg))
    return None


_FIELD = re.compile(r"[\dA-Za-z*/,\-?#]+$")


def _is_cron(text: str) -> bool:
    """Whether `text` looks like five fields."""
    parts = text.split()
    return len(parts) == 5 and all(_FIELD.match(part) for part in parts)


def _all(value: object) -> list[str] | None:
    """The addresses of which all start the DAG together."""
    found: list[str | None] = []
    if isinstance(value, (list, tuple)) and len(value) > 1:
        found = [asset_uri(v, True) for v in value]
    elif isinstance(value, Made) and value.word in ("&", "AssetAll", "DatasetAll"):
        for part in value.args:
            found += _all(part) or [asset_uri(part, True)]
    else:
        return None
    uris = [u for u in found if u is not None]
    return uris if len(uris) == len(found) else None


def _assets(value: object) -> list[str] | None:
    """The addresses of which any starts the DAG."""
    if isinstance(value, (list, tuple)):
        uri = asset_uri(value[0], True) if len(value) == 1 else None
        return [uri] if uri else None
    if isinstance(value, Made) and value.word in ("|", "AssetAny", "DatasetAny"):
        parts = [_assets(v) for v in value.args]
        return [u for p in parts for u in p or ()] if all(parts) else None
    uri = asset_uri(value, True)
    return [uri] if uri else None


def _moment(dag: Dag, name: str) -> Moment | None:
    arg = dag.given.get(name)
    defaults = dag.given.get("default_args")
    value = arg.value if arg is not None else None
    if value is None and defaults is not None and isinstance(defaults.value, dict):
        value = defaults.value.get(name)
    return value if isinstance(value, Moment) else None


def _written(moment: Moment) -> str:
    when = moment.when
    if (when.hour, when.minute, when.second, when.microsecond) == (0, 0, 0, 0):
        return when.date().isoformat()
    return when.isoformat()
