"""Names for the variables of random pipelines."""

from __future__ import annotations

HARD = (
    "self", "input", "index", "name", "cmd", "context", "params", "dag", "ds", "task", "inputs", "outputs", "Output", "output", "result",
    "run_id", "foreach_stack", "merge_artifacts", "kfp", "airflow", "metaflow", "current", "retry", "ti", "value", "item", "args", "kwargs",
    "data", "Data", "DATA", "data_", "_data", "d_ata", "dAtA", "größe", "Größe", "x1", "X1", "x_1", "json", "os", "sys", "Parameter", "branch",
    "dsl", "If", "group", "xcom", "return_value", "conf", "macros", "var", "logical_date", "task_id", "origin", "condition", "join_1", "fork",
)  # fmt: skip
"""Names that mean something to an orchestrator, and names that are alike."""
