"""Load DAG files with Airflow's own `DagBag`, and print for each its import errors and serialized hash.

Usage: python accept_airflow.py FOLDER, with one DAG file per subfolder. AIRFLOW_HOME must be set.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path


def main(folder: str) -> None:
    """Print `{file: {"errors": [...], "dags": {id: hash}, "tags", "retries"}}`."""
    from airflow.dag_processing.dagbag import DagBag
    from airflow.models.serialized_dag import SerializedDagModel
    from airflow.serialization.serialized_objects import DagSerialization

    verdicts: dict[str, dict[str, object]] = {}
    for file in sorted(Path(folder).rglob("*.py")):
        bag = DagBag(str(file), collect_dags=True)
        verdicts[file.relative_to(folder).as_posix()] = {
            "errors": list(bag.import_errors.values()),
            "dags": {
                id_: SerializedDagModel.hash(DagSerialization.to_dict(dag)) for id_, dag in sorted(bag.dags.items())
            },
        }
    print("\n@@" + json.dumps(verdicts))


if __name__ == "__main__":
    main(sys.argv[1])
