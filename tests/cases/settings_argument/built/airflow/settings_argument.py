"""Settings that calls give: the argument, its default, an item of a loop that is unrolled, what a group is called with."""

from __future__ import annotations

import base64
import contextlib
import functools
import os
import tempfile
from collections.abc import Callable, Generator, Sequence
from typing import Any

from airflow.configuration import conf
from airflow.sdk import DAG, Param, TaskGroup, get_current_context, task


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


def with_environment(variables: dict[str, str]) -> Callable[..., Any]:
    """Set environment variables while a task runs."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def run(*args: Any, **kwargs: Any) -> Any:
            before = dict(os.environ)
            os.environ.update(variables)
            try:
                return function(*args, **kwargs)
            finally:
                os.environ.clear()
                os.environ.update(before)

        return run

    return decorate


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
    container.env = [
        k8s.V1EnvVar(
            name=variable,
            value_from=k8s.V1EnvVarSource(secret_key_ref=k8s.V1SecretKeySelector(name=name, key=key)),
        )
        for variable, (name, key) in wanted.get("secrets", {}).items()
    ]
    return {"pod_override": k8s.V1Pod(spec=spec)}


def train(rows: int, memory: str = "4Gi", gpus: int = 1, *, mode: str = "fast", secret: str = "registry") -> str:
    return f"{rows} rows in {memory}, {mode}"


def count(text: str, memory: str | None, cores: int = 2) -> str:
    return f"{len(text)} letters, {cores} cores"


@task(
    task_id="train",
    executor_config=pod(
        requests={"memory": "4Gi"},
        limits={"nvidia.com/gpu": "1"},
        secrets={"TOKEN": ("registry", "TOKEN")},
        node_selector={"nvidia.com/gpu.product": "NVIDIA-A100-SXM4-40GB"},
        tolerations=[{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}],
    ),
)
@with_environment({"MODE": "fast", "LEVEL": "info"})
@stored
def train_task(rows):
    return train(rows)


@task(task_id="count", executor_config=pod(requests={"cpu": "2"}))
@stored
def count_task(text):
    return count(text, None)


@task(executor_config=pod(requests={"cpu": "2", "memory": "1953125Ki"}))
@stored
def count_2(text_2):
    return count(text_2, "2GB")


@task(executor_config=pod(requests={"cpu": "2", "memory": "512Mi"}))
@stored
def count_3(text_3):
    return count(text_3, "512Mi")


@task(
    executor_config=pod(
        requests={"memory": "15625000Ki"},
        limits={"nvidia.com/gpu": "1"},
        secrets={"TOKEN": ("registry", "TOKEN")},
        node_selector={"nvidia.com/gpu.product": "NVIDIA-A100-SXM4-40GB"},
        tolerations=[{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}],
    ),
)
@with_environment({"MODE": "fast", "LEVEL": "info"})
@stored
def train_2(rows_2):
    return train(rows_2, "16GB")


@task(executor_config=pod(requests={"cpu": "4", "memory": "1Gi"}))
@stored
def count_4(text_5):
    return count(text_5, "1Gi", 4)


@task
@stored
def compute_result(text_4, count_result):
    return (text_4, count_result)


with DAG(
    dag_id="settings_argument",
    schedule=None,
    catchup=False,
    params={
        "rows": Param(3, type="integer"),
    },
    doc_md=__doc__,
) as dag:
    text = train_task(dag.param("rows"))
    text_2 = count_task(text)
    text_3 = count_2(text_2)
    text_4 = count_3(text_3)

    with TaskGroup("sized"):
        train_result = train_2(dag.param("rows"))

    count_result = count_4(train_result)
    compute_result(text_4, count_result)
