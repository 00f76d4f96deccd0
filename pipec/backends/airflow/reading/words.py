"""Airflow's names: under which paths its versions have them, and which of them the reader knows."""

from __future__ import annotations

import re

CONTEXT_MANAGERS = ("DAG", "TaskGroup")
"""Classes that are used by `with`."""

DECORATORS = ("task", "dag", "task_group", "setup", "teardown", "asset")
CHAINS = ("chain", "cross_downstream", "chain_linear")
PLAIN = ("PythonOperator", "BranchPythonOperator", "ShortCircuitOperator", "PythonVirtualenvOperator")
"""Operators that call a function, and that the reader knows."""
EMPTY = ("EmptyOperator", "DummyOperator")
BASH = ("BashOperator",)

_KNOWN = frozenset(
    [
        *CONTEXT_MANAGERS, *DECORATORS, *CHAINS, *PLAIN, *EMPTY, *BASH, "Label", "Param", "Asset", "Dataset", "XComArg",
        "TriggerRule", "Variable", "KubernetesPodOperator", "DockerOperator", "days_ago", "get_current_context",
        "CronTriggerTimetable", "CronDataIntervalTimetable", "DeltaTriggerTimetable", "DeltaDataIntervalTimetable",
        "WeightRule", "AssetAll", "AssetAny", "DatasetAll", "DatasetAny",
    ]
)  # fmt: skip

_OPERATOR = re.compile(r"(Operator|Sensor|SensorAsync|OperatorAsync|Marker)$")

_OLD = re.compile(
    r"^airflow\.(contrib|operators\.\w+_operator|sensors\.\w+_sensor|operators\.dummy|datasets|hooks\.\w+_hook)\b"
)
_SINCE_3 = re.compile(r"^airflow\.(sdk|providers\.standard|providers\.common\.compat\.sdk)\b")


def canonical(dotted: str) -> str:
    """Airflow's own word for what is imported from `dotted`; the whole path for what is somebody else's."""
    if not dotted.startswith("airflow."):
        return dotted
    parts = dotted.split(".")
    for i, part in enumerate(parts):
        behind = parts[i + 1 : i + 2]
        if part in _KNOWN and not (behind and part.islower() and behind[0][:1].isupper()):  # `airflow.models.dag.DAG`
            return ".".join(parts[i:])
    return dotted


def is_operator(dotted: str) -> bool:
    """Whether a class of this name makes tasks."""
    return bool(_OPERATOR.search(dotted))


def is_version_2(imports: list[str]) -> bool:
    """Whether a file with these imports was written for Airflow 2."""
    return any(_OLD.match(name) for name in imports) and not any(_SINCE_3.match(name) for name in imports)


TRIGGER_RULES = (
    "all_success", "all_failed", "all_done", "all_skipped", "one_success", "one_failed", "one_done", "none_failed",
    "none_skipped", "always", "none_failed_min_one_success", "all_done_setup_success", "all_done_min_one_success",
)  # fmt: skip
