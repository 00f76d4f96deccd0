"""Names in a DAG file: nothing may hide the user's definitions, Airflow's names or what helpers use."""

from __future__ import annotations

import builtins
import keyword
import re
import unicodedata

from pipec.backends.airflow.imports import IMPORTS
from pipec.compiler.backend.filenames import file_stem

CONTEXT = frozenset(
    [
        "asset_state_store",
        "conf",
        "conn",
        "dag",
        "dag_run",
        "data_interval_end",
        "data_interval_start",
        "ds",
        "ds_nodash",
        "exception",
        "expanded_ti_count",
        "execution_date",
        "inlet_events",
        "inlets",
        "logical_date",
        "macros",
        "map_index_template",
        "next_ds",
        "next_ds_nodash",
        "next_execution_date",
        "outlet_events",
        "outlets",
        "params",
        "partition_date",
        "partition_key",
        "prev_data_interval_end_success",
        "prev_data_interval_start_success",
        "prev_ds",
        "prev_ds_nodash",
        "prev_end_date_success",
        "prev_execution_date",
        "prev_execution_date_success",
        "prev_start_date_success",
        "reason",
        "run_id",
        "start_date",
        "task",
        "task_instance",
        "task_instance_key_str",
        "task_reschedule_count",
        "task_state_store",
        "templates_dict",
        "test_mode",
        "ti",
        "tomorrow_ds",
        "tomorrow_ds_nodash",
        "triggering_asset_events",
        "triggering_dataset_events",
        "try_number",
        "ts",
        "ts_nodash",
        "ts_nodash_with_tz",
        "var",
        "yesterday_ds",
        "yesterday_ds_nodash",
        "self",
    ]
)
"""Keys of the context of any Airflow version: TaskFlow passes them to parameters of the same name."""

AIRFLOW = frozenset(["ARTIFACTS", "CACHE", "ENCODERS", "STEPS", "dag", "datetime", "sys"]) | frozenset(IMPORTS)
"""What a DAG file imports or defines itself."""

HELPERS = frozenset(
    [
        "DockerTask",
        "Kept",
        "PodTask",
        "Pickler",
        "Unpickler",
        "addressed",
        "argument",
        "as_argument",
        "as_npy",
        "as_parquet",
        "arrived",
        "brought",
        "cached",
        "check_classification",
        "caught",
        "caught_sensor",
        "complete",
        "contained",
        "docker_task",
        "empty_folder",
        "fetch",
        "fetched",
        "fingerprint",
        "from_xcom",
        "hand_over",
        "handed_on",
        "in_container",
        "isolated",
        "like",
        "message_of",
        "pickled",
        "placed",
        "pod",
        "pod_task",
        "put",
        "put_file",
        "put_object",
        "read_artifacts",
        "read_file",
        "read_object",
        "recorded",
        "restored",
        "run_step",
        "select",
        "sent",
        "stored",
        "to_xcom",
        "uri_of",
        "virtualenv",
        "watched",
        "with_environment",
    ]
)
"""The functions and classes of the fixed helpers."""

BUILTINS = frozenset(dir(builtins)) | frozenset(keyword.kwlist)


def ascii_id(name: str) -> str:
    """`name` in letters that Airflow's own API takes in addresses."""
    if name.isascii():
        return name
    plain = unicodedata.normalize("NFKD", name.replace("ß", "ss"))
    return "".join(c if c.isascii() else f"u{ord(c):x}" for c in plain if not unicodedata.combining(c))


DAG_ID = re.compile(r"\w[\w.-]{0,249}", re.ASCII)
"""What Airflow takes for the id of a DAG, as far as its own addresses and all databases keep it."""


def dag_id(pipeline: str) -> str:
    """The id of a pipeline's DAG: its name where that is one."""
    if DAG_ID.fullmatch(pipeline):
        return pipeline
    plain = re.sub(r"[^\w.-]+", "_", ascii_id(pipeline), flags=re.ASCII).lstrip(".-")
    return plain[:250] or "pipeline"


def stem_of(pipeline: str) -> str:
    """What the names of a pipeline's files begin with: two DAGs of one id are one file, which is refused."""
    return file_stem(dag_id(pipeline))


def steps_name(pipeline: str) -> str:
    """The file with the code of isolated steps, beside the DAG file."""
    return f"{stem_of(pipeline)}_steps.py"


class Names:
    """A namespace in which each name is given out once."""

    def __init__(self, taken: frozenset[str] | set[str]) -> None:
        self.taken = set(taken)

    def fresh(self, wanted: str) -> str:
        """`wanted`, or the nearest name to it that is free; taken from now on."""
        name, n = wanted, 1
        if wanted in self.taken or wanted in BUILTINS:
            name = f"{wanted}_"
        while name in self.taken or name in BUILTINS:
            n += 1
            name = f"{wanted}_{n}"
        self.taken.add(name)
        return name
