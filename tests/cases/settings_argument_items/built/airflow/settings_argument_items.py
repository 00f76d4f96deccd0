"""Settings that the items of fan-outs over constants give: each of these is a task with settings of its own."""

from __future__ import annotations

import base64
import contextlib
import functools
import os
import tempfile
from collections.abc import Callable, Generator, Sequence
from datetime import timedelta
from typing import Any

from airflow.configuration import conf
from airflow.sdk import DAG, Param, get_current_context, task


def to_xcom(value: Any) -> Any:
    """Give `value` in a form that XCom keeps exactly: as it is, or under a tag where JSON or a database would change it."""
    if type(value).__module__ == "numpy" and type(value.item() if value.ndim == 0 else value) is not type(value):
        value = value.item()
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):  # the worker protocol ends at 64 bits
        return int(value) if abs(value) < 2**63 else {"$int": hex(value)}
    if isinstance(value, float):  # PostgreSQL's JSONB makes 1e+16 an integer, and -0.0 a zero
        text = float.__repr__(value)
        return {"$float": text} if text in ("nan", "inf", "-inf", "-0.0") or "e+" in text else float(value)
    if isinstance(value, str):  # JSONB takes neither NUL nor surrogates
        data = str.encode(value, errors="surrogatepass")
        lossy = b"\0" in data or data.decode(errors="replace") != value
        return {"$text": base64.b64encode(data).decode()} if lossy else str.__str__(value)
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode()}
    if isinstance(value, list):
        return [to_xcom(item) for item in value]
    if isinstance(value, tuple):
        return {"$tuple": [to_xcom(item) for item in value]}
    if isinstance(value, (set, frozenset)):
        tag = "$set" if isinstance(value, set) else "$frozenset"
        return {tag: sorted((to_xcom(item) for item in value), key=repr)}
    if isinstance(value, dict):
        pairs = [[to_xcom(key), to_xcom(item)] for key, item in value.items()]
        if all(isinstance(key, str) and not key.startswith(("$", "__")) for key, _ in pairs):
            order = [key for key, _ in pairs]
            if order == sorted(order, key=lambda key: (len(key.encode()), key.encode())):  # JSONB's own order
                return dict(pairs)
        return {"$dict": pairs}
    raise TypeError(f"a {type(value).__qualname__} is no plain value")


def from_xcom(value: Any) -> Any:
    """Give back what `to_xcom` was given."""
    if isinstance(value, str) or not isinstance(value, (dict, Sequence)):
        return value
    if not isinstance(value, dict):  # the results of a mapped task are a lazy sequence
        return [from_xcom(item) for item in value]
    tag = next(iter(value), "")
    if len(value) != 1 or not tag.startswith("$"):
        return {key: from_xcom(item) for key, item in value.items()}
    content = value[tag]
    match tag:
        case "$none":
            return None
        case "$int":
            return int(content, 16)
        case "$float":
            return float(content)
        case "$text":
            return base64.b64decode(content).decode(errors="surrogatepass")
        case "$bytes":
            return base64.b64decode(content)
        case "$dict":
            return {from_xcom(key): from_xcom(item) for key, item in content}
    return {"$tuple": tuple, "$set": set, "$frozenset": frozenset}[tag](map(from_xcom, content))


def stored(function: Callable[..., Any] | None = None, **options: Any) -> Any:
    """Let a task take and give exact values by XCom; every attempt runs in an empty folder of its own."""
    if function is None:
        return functools.partial(stored, **options)

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        read = from_xcom
        with empty_folder():
            try:
                value = function(*map(read, args), **{key: read(given) for key, given in kwargs.items()})
            except SystemExit as error:  # Airflow would take exit(0) for a success
                raise RuntimeError(f"the step ended its process with status {error.code}") from error
            if options.get("result", "value") is None:
                return None
            return sent(value)

    return run


@contextlib.contextmanager
def empty_folder() -> Generator[None]:
    """Work in an empty folder, and leave nothing of it behind."""
    before = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        work = os.path.join(folder, "work")
        os.mkdir(work)
        os.chdir(work)
        try:
            yield
        finally:
            os.chdir(before)


def sent(value: Any) -> Any:
    """Give the XCom of one result."""
    ti = get_current_context()["ti"]
    try:
        packed = to_xcom(value)
    except TypeError as error:
        raise TypeError(
            f"a result of {ti.task_id} cannot travel as a value: {error}; annotate it with its own type to store it"
        ) from error
    if packed is None and ti.map_index >= 0:  # without an XCom a mapped task would lose its place in the list
        return {"$none": True}
    # SQLite takes a column that holds nothing but 3.0 for an integer
    return {"$float": repr(packed)} if isinstance(packed, float) and packed.is_integer() else packed


def pod(**wanted: Any) -> dict[str, Any]:
    """Pod override of a task. The KubernetesExecutor alone reads it, so that no other pays for the import."""
    if "KubernetesExecutor" not in conf.get("core", "executor"):
        return {}
    from kubernetes.client import models as k8s

    container = k8s.V1Container(
        name="base",
        image=wanted.get("image"),
        resources=k8s.V1ResourceRequirements(requests=wanted.get("requests"), limits=wanted.get("limits")),
    )
    spec = k8s.V1PodSpec(
        containers=[container],
        node_selector=wanted.get("node_selector"),
        tolerations=[k8s.V1Toleration(**toleration) for toleration in wanted.get("tolerations", ())],
    )
    return {"pod_override": k8s.V1Pod(spec=spec)}


@task
@stored
def load(n: int) -> int:
    return n


def train(d: int, memory: str, limit: str = "1h") -> str:
    return f"{d} {memory}"


@task(task_id="train", execution_timeout=timedelta(hours=1), executor_config=pod(requests={"memory": "2Gi"}))
@stored
def train_task(d):
    return train(d, "2Gi")


@task(execution_timeout=timedelta(hours=1), executor_config=pod(requests={"memory": "4Gi"}))
@stored
def train_2(d):
    return train(d, "4Gi")


@task
@stored
def compute_models(train_result, train_result_2):
    return [train_result, train_result_2]


@task(execution_timeout=timedelta(hours=1), executor_config=pod(requests={"memory": "1Gi"}))
@stored
def train_3(d):
    return train(d, "1Gi")


@task(execution_timeout=timedelta(hours=1), executor_config=pod(requests={"memory": "512Mi"}))
@stored
def train_4(d):
    return train(d, "512Mi")


@task(multiple_outputs=False)
@stored
def compute_named(train_result_3, train_result_4):
    return dict([("a", train_result_3), ("b", train_result_4)])


@task.branch
@stored
def choose_n(n):
    return "train_5" if n > 2 else "join_text_2"


@task(execution_timeout=timedelta(hours=1), executor_config=pod(requests={"memory": "1Gi"}))
@stored
def train_5(d):
    return train(d + 0, "1Gi", "1h")


@task(trigger_rule="none_failed_min_one_success")
@stored
def join_text_2(n, text):
    if n > 2:
        return text
    return "1Gi"


@task.branch
@stored
def choose_n_2(n):
    return "train_6" if n > 2 else "join_text_4"


@task(execution_timeout=timedelta(hours=2), executor_config=pod(requests={"memory": "2Gi"}))
@stored
def train_6(d):
    return train(d + 1, "2Gi", "2h")


@task(trigger_rule="none_failed_min_one_success")
@stored
def join_text_4(n, text_3):
    if n > 2:
        return text_3
    return "2Gi"


@task(execution_timeout=timedelta(hours=1), executor_config=pod(requests={"memory": "1Gi"}))
@stored(result=None)
def train_7(d):
    return train(d, "1Gi")


@task(execution_timeout=timedelta(hours=1), executor_config=pod(requests={"memory": "2Gi"}))
@stored(result=None)
def train_8(d):
    return train(d, "2Gi")


@task
@stored
def compute_out(text_2, text_4):
    return [text_2, text_4]


@task
@stored
def compute_result(models, named, out):
    return [models, named, out]


with DAG(
    dag_id="settings_argument_items",
    schedule=None,
    catchup=False,
    params={
        "n": Param(3, type="integer"),
    },
    doc_md=__doc__,
) as dag:
    d = load(dag.param("n"))
    train_result = train_task(d)
    train_result_2 = train_2(d)
    models = compute_models(train_result, train_result_2)
    train_result_3 = train_3(d)
    train_result_4 = train_4(d)
    named = compute_named(train_result_3, train_result_4)
    if_n = choose_n(dag.param("n"))
    text = train_5(d)
    text_2 = join_text_2(dag.param("n"), text)
    if_n_2 = choose_n_2(dag.param("n"))
    text_3 = train_6(d)
    text_4 = join_text_4(dag.param("n"), text_3)
    train_7_done = train_7(d)
    train_8_done = train_8(d)
    out = compute_out(text_2, text_4)
    compute_result(models, named, out)

    if_n >> [text, text_2]
    if_n_2 >> [text_3, text_4]
    [models, named, text_2, text_4] >> train_7_done
    [models, named, text_2, text_4] >> train_8_done
    [train_7_done, train_8_done] >> out
