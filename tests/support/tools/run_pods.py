"""Run DAG files with `dag.test()`, its pods and containers as processes of this machine, and print what became of it.

Usage: python run_pods.py FILE PARAMS [FILE PARAMS ...], with AIRFLOW_HOME set to an empty folder; PARAMS is the run's
configuration as JSON. As on a cluster, Kubernetes' replacements are made in the command line, and the result of a
container is what it writes to `/airflow/xcom/return.json`. Resources, secrets and images do not apply. Programs may
write to the file `$LOG`, and steps to the file `$MESSAGES`.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from datetime import timedelta
from typing import Any

import fake_docker

CONFIG = """\
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "http://127.0.0.1:9"}}]
users: [{name: u, user: {token: x}}]
contexts: [{name: c, context: {cluster: c, user: u, namespace: default}}]
current-context: c
"""


def replaced(text: str, env: dict[str, str]) -> str:
    """`text` as Kubernetes gives it to the container."""

    def one(found: re.Match[str]) -> str:
        return "$" if found[0] == "$$" else env.get(found[1], found[0])

    return re.sub(r"\$\$|\$\(([^)]*)\)", one, text)


def execute(operator: Any, context: Any) -> Any:
    """In place of `KubernetesPodOperator.execute`."""
    from kubernetes.client import ApiClient

    pod = operator.build_pod_request_obj(None)
    PODS[operator.task_id] = ApiClient().sanitize_for_serialization(pod)
    container = next(c for c in pod.spec.containers if c.name == "base")
    env = {e.name: e.value for e in container.env or [] if e.value is not None}
    env = {name: replaced(text, env) for name, text in env.items()}
    env |= {"PATH": os.environ["PATH"], "LOG": LOG}
    with tempfile.TemporaryDirectory() as folder:
        line = [replaced(text, env) for text in [*(container.command or []), *(container.args or [])]]
        result = os.path.join(folder, "return.json")
        line = [text.replace("/airflow/xcom/return.json", result) for text in line]
        done = subprocess.run(line, env=env, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"the pod ended with status {done.returncode}\n{done.stderr[-1500:]}")
        if operator.do_xcom_push and os.path.exists(result):
            with open(result) as file:
                return json.load(file)


PODS: dict[str, Any] = {}
LOG = os.path.join(os.environ["AIRFLOW_HOME"], "log")
MESSAGES = os.environ["MESSAGES"] = os.path.join(os.environ["AIRFLOW_HOME"], "messages")


def main(*arguments: str) -> None:
    """Print a list of `{"errors", "state", "tasks": [[id, index, state], ...], "xcoms", "pods", "log", "messages"}`."""
    config = os.path.join(os.environ["AIRFLOW_HOME"], "kubeconfig")
    with open(config, "w") as text:
        text.write(CONFIG)
    os.environ["KUBECONFIG"] = config
    from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
    from airflow.utils.db import initdb

    initdb()
    KubernetesPodOperator.execute = execute  # type: ignore[method-assign]
    fake_docker.install(PODS, {"PATH": os.environ["PATH"], "LOG": LOG})
    found = [ran(file, json.loads(params)) for file, params in zip(arguments[::2], arguments[1::2])]
    print("\n@@" + json.dumps(found, default=repr))


def ran(file: str, params: dict[str, Any]) -> dict[str, Any]:
    """One run."""
    from airflow.dag_processing.dagbag import DagBag
    from airflow.models.xcom import XComModel
    from airflow.sdk.execution_time.xcom import XCom
    from airflow.utils.session import create_session

    PODS.clear()
    for file_ in (LOG, MESSAGES):
        open(file_, "w").close()
    bag = DagBag(file)
    if bag.import_errors:
        return {"errors": list(bag.import_errors.values())}
    dag = next(iter(bag.dags.values()))
    for task in dag.tasks:  # dag.test() really sleeps between attempts
        if hasattr(task, "partial_kwargs"):
            task.partial_kwargs["retry_delay"] = timedelta(0)
        else:
            task.retry_delay = timedelta(0)
    run = dag.test(run_conf=params)
    with create_session() as session:
        rows = session.query(XComModel).filter(XComModel.run_id == run.run_id, XComModel.key == "return_value")
        xcoms = {f"{row.task_id}[{row.map_index}]": XCom.deserialize_value(row) for row in rows}
    states = sorted((ti.task_id, ti.map_index, str(ti.state)) for ti in run.get_task_instances())
    with open(LOG) as log, open(MESSAGES) as messages:
        said = {"log": log.read(), "messages": messages.read().splitlines()}
    return {"errors": [], "state": str(run.state), "tasks": states, "xcoms": xcoms, "pods": dict(PODS), **said}


if __name__ == "__main__":
    main(*sys.argv[1:])
