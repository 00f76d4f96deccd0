"""Train the wine classifier: a pipeline of its own, and a part of the monitoring pipeline."""

from __future__ import annotations

import base64
import contextlib
import functools
import io
import os
import pickle
import tempfile
from collections.abc import Callable, Generator, Sequence
from typing import TYPE_CHECKING, Any

from airflow.configuration import AIRFLOW_HOME, conf
from airflow.sdk import DAG, ObjectStoragePath, Param, get_current_context, task

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.ensemble import RandomForestClassifier

ARTIFACTS = ObjectStoragePath(os.environ.get("ARTIFACT_ROOT", f"file://{AIRFLOW_HOME}/artifacts"))


def to_xcom(value: Any) -> Any:
    """Give `value` in a form that XCom keeps exactly: as it is, or under a tag where JSON or a database would change it."""
    if type(value).__module__ == "numpy" and type(value.item() if value.ndim == 0 else value) is not type(value):
        value = value.item()
    if value is None or isinstance(value, (bool, ObjectStoragePath)):
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
    """Let a task take and give exact values by XCom, and artifacts by their paths in the artifact store.

    The options say what of its result is an artifact. Every attempt runs in an empty folder of its own.
    """
    if function is None:
        return functools.partial(stored, **options)

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        read = fetch
        with empty_folder():
            try:
                value = function(*map(read, args), **{key: read(given) for key, given in kwargs.items()})
            except SystemExit as error:  # Airflow would take exit(0) for a success
                raise RuntimeError(f"the step ended its process with status {error.code}") from error
            if "outputs" in options:
                parts = {key: (select(value, where), form) for key, (where, form) in options["outputs"].items()}
                return {key: sent(part, form, key) for key, (part, form) in parts.items()}
            return sent(value, options.get("result", "value"), "result")

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


def sent(value: Any, form: Any, key: str) -> Any:
    """Give the XCom of one result."""
    ti = get_current_context()["ti"]
    try:
        packed = to_xcom(put(value, form, key, ti))
    except TypeError as error:
        raise TypeError(
            f"a result of {ti.task_id} cannot travel as a value: {error}; annotate it with its own type to store it"
        ) from error
    if packed is None and ti.map_index >= 0:  # without an XCom a mapped task would lose its place in the list
        return {"$none": True}
    # SQLite takes a column that holds nothing but 3.0 for an integer
    return {"$float": repr(packed)} if isinstance(packed, float) and packed.is_integer() else packed


def select(value: Any, where: int | str | None) -> Any:
    """Give the whole of a result, the element at an index, or an attribute."""
    if where is None:
        return value
    return value[where] if isinstance(where, int) else getattr(value, where)


def put(value: Any, form: Any, key: str, ti: Any) -> Any:
    """Store the artifacts in `value`, and give their paths in the same collections."""
    if value is None or form == "value":
        return value
    folder = ARTIFACTS / ti.dag_id / ti.run_id / ti.task_id / str(ti.map_index) / str(ti.try_number)
    folder.mkdir(parents=True, exist_ok=True)
    return put_object(value, form, folder / key)


def fetch(value: Any) -> Any:
    """Take a value or artifact, or a collection of them, from XCom."""
    return read_artifacts(from_xcom(value))


def read_artifacts(value: Any) -> Any:
    """Replace the paths in `value`, at any depth, by what they stand for."""
    if isinstance(value, ObjectStoragePath):
        return read_object(value)
    if isinstance(value, (list, tuple)):
        return type(value)(read_artifacts(item) for item in value)
    if isinstance(value, dict):
        return {key: read_artifacts(item) for key, item in value.items()}
    return value


def put_object(value: Any, form: str, path: ObjectStoragePath) -> ObjectStoragePath:
    """Store an object in the form asked for where that keeps it exactly, else pickled."""
    data = None
    if form == "parquet":
        data = as_parquet(value)
    target = path.parent / f"{path.name}.{'pickle' if data is None else form}"
    target.write_bytes(pickle.dumps(value, protocol=5) if data is None else data)
    return target


def read_object(path: ObjectStoragePath) -> Any:
    """Read an object back."""
    if path.suffix == ".parquet":
        import pandas

        return pandas.read_parquet(io.BytesIO(path.read_bytes()))
    return pickle.loads(path.read_bytes())


def as_parquet(frame: Any) -> bytes | None:
    """Give a DataFrame as Parquet, or nothing where it would come back changed."""
    import pandas

    try:
        data: bytes = frame.to_parquet()
        back = pandas.read_parquet(io.BytesIO(data))
        pandas.testing.assert_frame_equal(frame, back, check_exact=True)
    except Exception:  # whatever Parquet does not take is pickled
        return None
    return data if frame.attrs == back.attrs else None


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


TARGET = "target"


@task(multiple_outputs=True, retries=2)
@stored(outputs={"train_set": (0, "parquet"), "test_set": (1, "parquet")})
def prepare(shift: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Labelled data with the drift in it, split for training and test."""
    from sklearn.datasets import load_wine
    from sklearn.model_selection import train_test_split

    frame: pd.DataFrame = load_wine(as_frame=True).frame
    moved = frame.assign(alcohol=frame["alcohol"] + shift)
    train_set, test_set = train_test_split(moved, test_size=0.3, stratify=moved[TARGET], random_state=7)
    return train_set, test_set


@task(executor_config=pod(requests={"cpu": "1", "memory": "2Gi"}))
@stored(result="pickle")
def fit(frame: pd.DataFrame, trees: int) -> RandomForestClassifier:
    """Fit the forest."""
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(trees, random_state=7).fit(frame.drop(columns=TARGET), frame[TARGET])


@task(multiple_outputs=False)
@stored
def evaluate(model: RandomForestClassifier, frame: pd.DataFrame) -> dict[str, float]:
    """Accuracy on the test set."""
    return {"accuracy": round(float(model.score(frame.drop(columns=TARGET), frame[TARGET])), 6)}


with DAG(
    dag_id="training",
    description="Train on the latest labelled data.",
    schedule=None,
    catchup=False,
    params={
        "shift": Param(0.0, type="number"),
        "trees": Param(30, type="integer"),
    },
    tags=["training"],
    doc_md=__doc__,
) as dag:
    prepare_outputs = prepare(dag.param("shift"))
    model = fit(prepare_outputs["train_set"], dag.param("trees"))
    evaluate(model, prepare_outputs["test_set"])
