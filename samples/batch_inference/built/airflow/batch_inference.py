"""Score a large table in shards, and report what was found. How many shards there are is known only at run time."""

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
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from airflow.configuration import AIRFLOW_HOME, conf
from airflow.sdk import (
    DAG,
    ObjectStoragePath,
    Param,
    get_current_context,
    task,
    task_group,
)

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
        read = from_xcom if options.get("lazy") else fetch  # lazy: the task itself fetches what it picks
        with empty_folder():
            try:
                value = function(*map(read, args), **{key: read(given) for key, given in kwargs.items()})
            except SystemExit as error:  # Airflow would take exit(0) for a success
                raise RuntimeError(f"the step ended its process with status {error.code}") from error
            if options.get("listed") and not isinstance(value, list):
                raise TypeError(f"{function.__name__} promises a list to map over, and returned {type(value).__name__}")
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


def put(value: Any, form: Any, key: str, ti: Any) -> Any:
    """Store the artifacts in `value`, and give their paths in the same collections."""
    if value is None or form == "value":
        return value
    folder = ARTIFACTS / ti.dag_id / ti.run_id / ti.task_id / str(ti.map_index) / str(ti.try_number)
    folder.mkdir(parents=True, exist_ok=True)
    return put_file(Path(value), folder / key) if form == "file" else put_object(value, form, folder / key)


def fetch(value: Any) -> Any:
    """Take a value or artifact, or a collection of them, from XCom."""
    return read_artifacts(from_xcom(value))


def read_artifacts(value: Any) -> Any:
    """Replace the paths in `value`, at any depth, by what they stand for."""
    if isinstance(value, ObjectStoragePath):
        # objects lie in the folder of an attempt, files one level below
        return read_object(value) if value.parent.name.isdigit() else read_file(value)
    if isinstance(value, (list, tuple)):
        return type(value)(read_artifacts(item) for item in value)
    if isinstance(value, dict):
        return {key: read_artifacts(item) for key, item in value.items()}
    return value


def put_file(source: Path, folder: ObjectStoragePath) -> ObjectStoragePath:
    """Store a file or folder under its own name."""
    if not source.exists():
        raise FileNotFoundError(f"the step returned {str(source)!r}, which is not there")
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / source.resolve().name
    target.fs.put(str(source.resolve()), target.path, recursive=source.is_dir())
    return target


def read_file(path: ObjectStoragePath) -> Path:
    """Copy a file or folder out of the store, beside the working folder."""
    target = Path(tempfile.mkdtemp(dir=Path.cwd().parent)) / path.name
    path.fs.get(path.path, str(target), recursive=path.is_dir())
    return target


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


LABEL = "benign"


def table() -> pd.DataFrame:
    """Scikit-learn's bundled breast cancer measurements, one row for each patient."""
    from sklearn.datasets import load_breast_cancer

    frame: pd.DataFrame = load_breast_cancer(as_frame=True).frame
    return frame.rename(columns={"target": LABEL})


@task(executor_config=pod(requests={"memory": "1Gi"}))
@cached("950419349504dd7f", ttl=timedelta(days=7))
@stored(result="pickle")
def fetch_model(trees: int) -> RandomForestClassifier:
    """The current champion, fitted on the first half of the patients."""
    from sklearn.ensemble import RandomForestClassifier

    known = table().iloc[::2]
    return RandomForestClassifier(trees, random_state=7).fit(known.drop(columns=LABEL), known[LABEL])


@task
@stored(listed=True)
def list_shards(size: int) -> list[tuple[int, int]]:
    """First and last row of each shard of the patients that are to be scored."""
    rows = len(table().iloc[1::2])
    return [(start, min(start + size, rows)) for start in range(0, rows, size)]


@task(
    retries=2,
    retry_delay=timedelta(seconds=10),
    executor_config=pod(requests={"cpu": "1", "memory": "1Gi"}),
    max_active_tis_per_dagrun=4,
)
@stored(result="parquet")
def score(model: RandomForestClassifier, shard: tuple[int, int]) -> pd.DataFrame:
    """Probability and decision for each patient of one shard."""
    import pandas as pd

    start, stop = shard
    rows = table().iloc[1::2].iloc[start:stop]
    probability = model.predict_proba(rows.drop(columns=LABEL))[:, 1]
    return pd.DataFrame({"patient": rows.index, LABEL: rows[LABEL], "probability": probability.round(6)})


@task(max_active_tis_per_dagrun=4)
@stored
def count_doubtful(scores: pd.DataFrame, low: float = 0.3, high: float = 0.7) -> int:
    """How many decisions of a shard a person should look at."""
    return int(scores["probability"].between(low, high).sum())


@task(multiple_outputs=False, executor_config=pod(requests={"memory": "1Gi"}))
@stored
def aggregate(parts: list[pd.DataFrame]) -> dict[str, float]:
    """Totals over all shards."""
    import pandas as pd

    scores = pd.concat(parts)
    right = (scores["probability"] >= 0.5) == (scores[LABEL] == 1)
    return {"patients": len(scores), "accuracy": round(float(right.mean()), 6)}


@task
@stored(result="file")
def write_report(totals: dict[str, float], doubtful: list[int]) -> Path:
    """One page for the people who read the results."""
    rows = "".join(f"<tr><td>shard {i}</td><td>{n}</td></tr>" for i, n in enumerate(doubtful))
    facts = ", ".join(f"{escape(name)} {value:g}" for name, value in totals.items())
    page = Path("report.html")
    page.write_text(f"<h1>Batch scores</h1><p>{facts}</p><table>{rows}</table>", encoding="utf-8")
    return page


def publish(report: Path, doubtful: int) -> str:
    """Put the report where people find it; ask for a review where decisions are doubtful."""
    words = len(report.read_text(encoding="utf-8").split())
    return f"{report.name} ({words} words, {doubtful} to review)"


@task(trigger_rule="none_failed")
def collected(task_id, key="return_value"):
    """List what a task of a mapped group gave for each item; as an argument one item would be no list."""
    values = get_current_context()["ti"].xcom_pull(task_ids=[task_id], key=key)
    return [value for value in values if value is not None]


@task(task_id="publish")
@stored
def publish_task(report, doubtful):
    return publish(report, sum(doubtful))


@task(multiple_outputs=False)
@stored(lazy=True)
def compute_result(page, parts, totals):
    return {"page": page, "shards": len(parts), **totals}


with DAG(
    dag_id="batch_inference",
    description="Score all shards at once, at most four at a time, then aggregate and report.",
    schedule=None,
    catchup=False,
    params={
        "shard_size": Param(60, type="integer"),
        "trees": Param(20, type="integer"),
    },
    tags=["inference"],
    doc_md=__doc__,
) as dag:
    model = fetch_model(dag.param("trees"))
    items = list_shards(dag.param("shard_size"))

    @task_group
    def for_shard(shard):
        scores = score(model, shard)
        doubtful_item = count_doubtful(scores)
        return scores, doubtful_item

    score_by_item, count_doubtful_by_item = for_shard.expand(shard=items)

    scores_by_shard = collected.override(task_id="collect_scores_by_shard")("for_shard.score")
    doubtful_items = collected.override(task_id="collect_doubtful_items")("for_shard.count_doubtful")
    totals = aggregate(scores_by_shard)
    report = write_report(totals, doubtful_items)
    page = publish_task(report, doubtful_items)
    compute_result(page, scores_by_shard, totals)

    score_by_item >> scores_by_shard
    count_doubtful_by_item >> doubtful_items
