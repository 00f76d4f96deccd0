"""Run DAG files that were written for Airflow 2 with its `dag.test()`, each in a fork, and print what became of them.

Usage: python run_airflow2.py REQUESTS RESULTS STANDINS, with AIRFLOW_HOME set to an empty folder. REQUESTS is a JSON list of
`{"file", "params", "result": [task id, XCom key, loader] | null, "folder"}`; RESULTS is the path of
`pipec/compiler/backend/results.py`, which says how a result is shown, and STANDINS that of
`pipec/backends/airflow/standins.py`, which has operators that start processes for containers.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import traceback
from datetime import timedelta
from pathlib import Path
from typing import Any


def main(requests: str, results: str, standins: str) -> None:
    """Print a list of `{"errors", "state", "tasks": [[id, index, state, tries], ...], "result"}`."""
    import airflow.decorators
    import airflow.io.path
    import airflow.providers.common.compat.sdk  # noqa: F401
    from airflow import settings
    from airflow.models.baseoperator import BaseOperator
    from airflow.utils.db import initdb

    shown = loaded("results", results)
    loaded("standins", standins).install(BaseOperator)
    initdb()
    settings.dispose_orm()
    print("\n@@" + json.dumps([in_fork(request, shown) for request in json.loads(requests)]))


def loaded(name: str, file: str) -> Any:
    """A module of pipec's, which is not installed here."""
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None and spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def in_fork(request: dict[str, Any], shown: Any) -> dict[str, Any]:
    """One run in a process of its own, since steps may do anything to theirs."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            answer = ran(request, shown)
        except BaseException:  # Airflow 2 lets time limits through
            answer = {"errors": [traceback.format_exc()]}
        with os.fdopen(write, "w") as out:
            out.write(json.dumps(answer))
        sys.stdout.flush()
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as given:
        text = given.read()
    os.waitpid(child, 0)
    return dict(json.loads(text)) if text else {"errors": ["the process has gone"]}


def ran(request: dict[str, Any], shown: Any) -> dict[str, Any]:
    """One run in this process."""
    folder = Path(request["folder"])
    folder.mkdir(parents=True)
    os.environ["ARTIFACT_ROOT"] = (folder / "store").as_uri()
    from airflow import settings

    settings.configure_orm()
    from airflow.models.dagbag import DagBag
    from airflow.models.xcom import XCom
    from airflow.utils.session import create_session

    bag = DagBag(request["file"], include_examples=False)
    if bag.import_errors:
        return {"errors": list(bag.import_errors.values())}
    dag = next(iter(bag.dags.values()))
    for task in dag.tasks:  # dag.test() really sleeps between attempts, and between the looks of a sensor
        if hasattr(task, "poke_interval"):
            task.poke_interval = min(task.poke_interval, 0.2)
        if hasattr(task, "partial_kwargs"):
            task.partial_kwargs["retry_delay"] = timedelta(0)
        else:
            task.retry_delay = timedelta(0)
    for name, value in request["params"].items():  # tagged values
        if isinstance(value, dict) and next(iter(value), "").startswith("$"):
            dag.params.get_param(name).schema.pop("type", None)
    module = sys.modules[dag.tasks[0].python_callable.__module__]
    if hasattr(module, "virtualenv"):  # packages are no matter of these runs
        module.virtualenv = lambda python, requirements: sys.executable
    run = dag.test(run_conf=request["params"])
    sys.modules[module.__name__] = module
    result = None
    if request["result"] and str(run.state) == "success":
        task_id, key, loader = request["result"]
        with create_session() as session:
            rows = session.query(XCom.map_index, XCom.value).filter(  # not the objects, which show what they hold
                XCom.run_id == run.run_id, XCom.dag_id == run.dag_id, XCom.task_id == task_id, XCom.key == key
            )
            found = {row.map_index: XCom.deserialize_value(row) for row in rows}
        load = vars(module)[loader]
        os.chdir(folder)
        values = [load(found[i]) for i in sorted(found) if i >= 0]
        result = shown.as_json(shown.with_files(values if values else load(found.get(-1))))
    tasks = sorted((ti.task_id, ti.map_index, str(ti.state), ti.try_number) for ti in run.get_task_instances())
    return {"errors": [], "state": str(run.state), "tasks": tasks, "result": result}


if __name__ == "__main__":
    main(*sys.argv[1:])
