"""Settings and parameters of the pipeline as those of the DAG."""

from __future__ import annotations

import base64
import math

from pipec.backends.airflow import native
from pipec.backends.airflow.functions import Functions
from pipec.backends.airflow.model import ParamSpec
from pipec.backends.airflow.names import dag_id
from pipec.backends.airflow.settings import duration, end_of, retry_options
from pipec.compiler.pysource.text import double_quoted
from pipec.compiler.rendering import python_literal as py
from pipec.ir import CRON_PRESETS, Parameter, Pipeline, Schedule
from pipec.ir.literals import source_of, value_of

SCHEMA = {
    "int": "integer",
    "float": "number",
    "str": "string",
    "bool": "boolean",
    "list": "array",
    "dict": "object",
    "None": "null",
}


def settings(pipeline: Pipeline, version: tuple[int, int], functions: Functions) -> dict[str, str]:
    """Keyword arguments of `DAG(...)`."""
    policy = pipeline.policy
    id_ = dag_id(pipeline.name)
    found = {"dag_id": py(id_)}
    if id_ != pipeline.name:
        found["dag_display_name"] = py(pipeline.name)
    if pipeline.doc.strip():
        found["description"] = py(pipeline.doc.strip().splitlines()[0])
    found["schedule"] = "None"
    if policy.schedule is not None:
        found |= schedule(policy.schedule, version)
    found["catchup"] = repr(bool(policy.schedule and policy.schedule.catchup))
    defaults: dict[str, str] = {}
    if policy.owner:
        defaults["owner"] = py(policy.owner)
    if policy.default_retry is not None:
        defaults |= retry_options(policy.default_retry, version)
    defaults |= native.default_args(policy)
    if defaults:
        found["default_args"] = "{" + ", ".join(f'"{k}": {v}' for k, v in defaults.items()) + "}"
    if policy.timeout is not None:
        found["dagrun_timeout"] = duration(policy.timeout)
    if policy.max_active_runs is not None:
        found["max_active_runs"] = str(policy.max_active_runs)
    if policy.max_parallel is not None:
        found["max_active_tasks"] = str(policy.max_parallel)
    if policy.tags:
        found["tags"] = "[" + ", ".join(map(py, policy.tags)) + "]"
    found |= native.arguments(policy, version)
    for end, hook in (("failed", policy.on_failure), ("succeeded", policy.on_success)):
        if hook is not None:
            shown = "dag_id" if id_ == pipeline.name else "dag_display_name"
            message = f"{{context['dag'].{shown}}} has {end} (run {{context['run_id']}})"
            name = functions.callback(f"run_{end}", hook, message)
            found["on_failure_callback" if end == "failed" else "on_success_callback"] = name
    found["doc_md"] = "__doc__"
    return found


START = 'pendulum.datetime(2024, 1, 1, tz="UTC")'
"""Airflow 2 schedules nothing without a start; without `catchup` any past one is the same."""


def schedule(policy: Schedule, version: tuple[int, int]) -> dict[str, str]:
    """Schedule, start and end.

    Airflow 2 takes a cron expression or an interval alone for periods of data, and starts the run of a day when the day
    is over; its trigger timetables do what Airflow 3 does.
    """
    found: dict[str, str] = {}
    cron = policy.cron if version >= (3, 0) or policy.cron is None else CRON_PRESETS.get(policy.cron, policy.cron)
    if cron and version >= (3, 0) and (policy.timezone == "UTC" or cron.startswith("@")):
        found["schedule"] = py(cron)
    elif cron:
        found["schedule"] = f"CronTriggerTimetable({py(cron)}, timezone={py(policy.timezone)})"
    elif policy.every is not None:
        every = duration(policy.every)
        found["schedule"] = every if version >= (3, 0) else f"DeltaTriggerTimetable({every})"
    elif policy.on_update:
        assets = [f"Asset({py(uri)})" for uri in policy.on_update]
        found["schedule"] = f"[{assets[0]}]" if len(assets) == 1 else f"({' | '.join(assets)})"
    elif policy.after is not None:
        found["schedule"] = f"[{end_of(policy.after)}]"
    if version < (3, 0):
        found["start_date"] = START
    for key, text in (("start_date", policy.start), ("end_date", policy.end)):
        if text is not None:
            found[key] = f"pendulum.parse({py(text)}, tz={py(policy.timezone)})"
    return found


def params(pipeline: Pipeline) -> tuple[ParamSpec, ...]:
    """The parameters, with defaults in the form that XCom keeps."""
    return tuple(_param(p) for p in pipeline.parameters)


def _param(parameter: Parameter) -> ParamSpec:
    types = schema_types(parameter.annotation)
    default: str | None = None
    if parameter.default is not None:
        packed = packed_value(value_of(parameter.default.source))
        default = source_of(packed) if not isinstance(packed, str) else py(packed)
        default = _double(default)
        if types and isinstance(packed, dict) and "object" not in types:
            types = [*types, "object"]
        if types and packed is None and "null" not in types:
            types = ["null", *types]
    text = py(types[0]) if len(types) == 1 else "[" + ", ".join(map(py, types)) + "]" if types else ""
    return ParamSpec(name=parameter.name, default=default, type=text, description=parameter.doc)


def _double(source: str) -> str:
    return double_quoted(source)


def schema_types(annotation: str) -> list[str]:
    """JSON schema types of an annotation; none where it says too little."""
    text = annotation.strip().strip("\"'").replace("typing.", "")
    if text.startswith("Optional[") and text.endswith("]"):
        return list(dict.fromkeys(["null", *schema_types(text[9:-1])]))
    found: list[str] = []
    for part in _union(text):
        known = SCHEMA.get(part.split("[")[0].strip().replace("List", "list").replace("Dict", "dict"))
        if known is None:
            return []
        found.append(known)
    return sorted(dict.fromkeys(found), key=lambda t: t != "null")


def _union(text: str) -> list[str]:
    depth, parts = 0, [""]
    for char in text:
        depth += (char == "[") - (char == "]")
        if char == "|" and not depth:
            parts.append("")
        else:
            parts[-1] += char
    return [p.strip() for p in parts]


def packed_value(value: object) -> object:
    """`value` as the helper `to_xcom` of the generated file packs it."""
    match value:
        case None | bool():
            return value
        case int():
            return value if abs(value) < 2**63 else {"$int": hex(value)}
        case float():
            text = repr(value)
            lossy = not math.isfinite(value) or text == "-0.0" or "e+" in text
            return {"$float": text} if lossy else value
        case str():
            data = value.encode(errors="surrogatepass")
            lossy = b"\0" in data or data.decode(errors="replace") != value
            return {"$text": base64.b64encode(data).decode()} if lossy else value
        case bytes():
            return {"$bytes": base64.b64encode(value).decode()}
        case list():
            return [packed_value(v) for v in value]
        case tuple():
            return {"$tuple": [packed_value(v) for v in value]}
        case set() | frozenset():
            tag = "$frozenset" if isinstance(value, frozenset) else "$set"
            return {tag: sorted((packed_value(v) for v in value), key=repr)}
        case dict():
            pairs = [[packed_value(k), packed_value(v)] for k, v in value.items()]
            keys = [k for k, _ in pairs]
            if all(isinstance(k, str) and not k.startswith(("$", "__")) for k in keys):
                if keys == sorted(keys, key=lambda k: (len(str(k).encode()), str(k).encode())):
                    return dict(pairs)  # type: ignore[arg-type]  # pairs are lists of two
            return {"$dict": pairs}
    raise TypeError(f"{type(value).__name__} is no plain value")
