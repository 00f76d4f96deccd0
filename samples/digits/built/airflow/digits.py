"""Train a classifier on handwritten digits: three candidates in parallel, the best one goes to the registry."""

from __future__ import annotations

import base64
import contextlib
import functools
import hashlib
import inspect
import io
import json
import logging
import os
import pickle
import tempfile
import time
from collections.abc import Callable, Generator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from airflow.configuration import AIRFLOW_HOME, conf
from airflow.sdk import DAG, ObjectStoragePath, Param, get_current_context, task

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.linear_model import LogisticRegression

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
        read = from_xcom if options.get("lazy") else fetch  # lazy: the task itself fetches what it picks
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


def cached(version: str, *, ttl: timedelta | None = None, ignore: tuple[str, ...] = ()) -> Callable[..., Any]:
    """Reuse the result of an earlier run that had equal inputs and the same `version` of the code."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def run(*args: Any, **kwargs: Any) -> Any:
            given = inspect.signature(function).bind(*args, **kwargs).arguments
            inputs = {name: fingerprint(value) for name, value in given.items() if name not in ignore}
            digest = hashlib.sha256(json.dumps([version, inputs], sort_keys=True).encode()).hexdigest()
            folder = ARTIFACTS / "cache" / function.__name__
            entry = folder / f"{digest}.json"
            if entry.exists():
                found = json.loads(entry.read_text())
                if (ttl is None or time.time() - found["time"] < ttl.total_seconds()) and complete(found["result"]):
                    logging.getLogger("airflow.task.cache").warning("reusing %s", entry)
                    return restored(found["result"])
            result = function(*args, **kwargs)
            folder.mkdir(parents=True, exist_ok=True)
            draft = folder / f"{digest}.{uuid4().hex}"  # another run may write the same entry
            draft.write_text(json.dumps({"time": time.time(), "result": recorded(result)}))
            draft.rename(entry)
            return result

        return run

    return decorate


def fingerprint(value: Any) -> Any:
    """Describe an input by its content."""
    if isinstance(value, ObjectStoragePath):
        files = [path for path in sorted(value.rglob("*"), key=str) if path.is_file()] if value.is_dir() else [value]
        parts = [(str(path)[len(str(value)) :], hashlib.sha256(path.read_bytes()).hexdigest()) for path in files]
        return [value.name, parts]
    if isinstance(value, dict):
        return {key: fingerprint(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [fingerprint(item) for item in value]
    return value


def recorded(value: Any) -> Any:
    """Write paths as text."""
    if isinstance(value, ObjectStoragePath):
        return {"$path": str(value)}
    if isinstance(value, dict):
        return {key: recorded(item) for key, item in value.items()}
    return [recorded(item) for item in value] if isinstance(value, list) else value


def restored(value: Any) -> Any:
    """Give back what `recorded` was given."""
    if isinstance(value, dict):
        return ObjectStoragePath(value["$path"]) if "$path" in value else {k: restored(v) for k, v in value.items()}
    return [restored(item) for item in value] if isinstance(value, list) else value


def complete(value: Any) -> bool:
    """Whether all artifacts of an entry are still there."""
    if isinstance(value, dict) and "$path" in value:
        return bool(ObjectStoragePath(value["$path"]).exists())
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return all(complete(item) for item in items)


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


TARGET = "digit"


def pixels(frame: pd.DataFrame) -> pd.DataFrame:
    """The 64 grey values of each image, between 0 and 1."""
    return frame.drop(columns=TARGET) / 16.0


@task(retries=2, executor_config=pod(requests={"memory": "1Gi"}))
@cached("0be07325688ac39b")
@stored(result="parquet")
def load(rows: int) -> pd.DataFrame:
    """Read the first `rows` images of scikit-learn's bundled digits."""
    from sklearn.datasets import load_digits

    frame: pd.DataFrame = load_digits(as_frame=True).frame
    return frame.rename(columns={"target": TARGET}).head(rows)


@task(multiple_outputs=True)
@stored(outputs={"train_set": (0, "parquet"), "test_set": (1, "parquet")})
def split(frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Set a quarter of the images aside, with every digit in proportion."""
    from sklearn.model_selection import train_test_split

    train_set, test_set = train_test_split(frame, test_size=0.25, stratify=frame[TARGET], random_state=7)
    return train_set, test_set


@task(
    retries=2,
    retry_delay=timedelta(seconds=30),
    execution_timeout=timedelta(minutes=30),
    executor_config=pod(requests={"cpu": "1", "memory": "2Gi"}),
)
@stored(result="pickle")
def train(frame: pd.DataFrame, c: float) -> LogisticRegression:
    """Fit one candidate; a larger `c` regularises less."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=c, max_iter=500).fit(pixels(frame), frame[TARGET])


@task(multiple_outputs=False)
@stored
def evaluate(model: LogisticRegression, frame: pd.DataFrame) -> dict[str, float]:
    """Accuracy and macro F1 on images that the model has not seen."""
    from sklearn.metrics import f1_score

    guesses = model.predict(pixels(frame))
    return {
        "accuracy": float((guesses == frame[TARGET]).mean()),
        "f1": float(f1_score(frame[TARGET], guesses, average="macro")),
    }


def register(model: LogisticRegression, name: str, accuracy: float) -> str:
    """Hand the model to the registry, and return its entry there."""
    print(f"registered {name}: {model.n_features_in_} features, accuracy {accuracy:.1%}")
    return f"{name}@{accuracy:.4f}"


@task(multiple_outputs=True)
@stored(outputs={"scores": (0, "value"), "best": (1, "value")})
def compute_scores(evaluate_results):
    scores = [evaluate_result["accuracy"] for evaluate_result in evaluate_results]
    best = max(range(len(scores)), key=lambda i: scores[i])
    return scores, best


@task.branch
@stored
def choose_threshold(scores, best, threshold):
    return "register" if scores[best] >= threshold else "join_result"


@task(task_id="register", executor_config=pod(requests={"memory": "512Mi"}))
@stored(lazy=True)
def register_task(models, best, rows, scores):
    return register(fetch(models[best]), f"digits-{rows}", scores[best])


@task(trigger_rule="none_failed_min_one_success")
@stored
def join_result(register_result):
    return register_result


with DAG(
    dag_id="digits",
    description="Train, compare and register a digit classifier.",
    schedule=None,
    catchup=False,
    params={
        "rows": Param(600, type="integer"),
        "threshold": Param(0.9, type="number"),
    },
    doc_md=__doc__,
) as dag:
    frame = load(dag.param("rows"))
    split_outputs = split(frame)
    models = train.partial(frame=split_outputs["train_set"]).expand(c=[0.01, 0.1, 1.0])
    evaluate_results = evaluate.partial(frame=split_outputs["test_set"]).expand(model=models)
    scores = compute_scores(evaluate_results)
    if_threshold = choose_threshold(scores["scores"], scores["best"], dag.param("threshold"))
    register_result = register_task(models=models, best=scores["best"], rows=dag.param("rows"), scores=scores["scores"])
    result = join_result(register_result)

    if_threshold >> [register_result, result]
