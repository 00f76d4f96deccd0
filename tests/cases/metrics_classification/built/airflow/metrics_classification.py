"""`ClassificationMetrics`: a dict with a confusion matrix and a ROC curve, which travels like any other and is shown."""

from __future__ import annotations

import base64
import contextlib
import functools
import os
import tempfile
from collections.abc import Callable, Generator, Sequence
from typing import Any

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
            for part in options.get("classification", ()):
                check_classification(select(value, part))
            if options.get("result", "value") is None:
                return None
            if "outputs" in options:
                return {key: sent(select(value, where)) for key, (where, _) in options["outputs"].items()}
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


def select(value: Any, where: int | str | None) -> Any:
    """Give the whole of a result, the element at an index, or an attribute."""
    if where is None:
        return value
    return value[where] if isinstance(where, int) else getattr(value, where)


def check_classification(metrics: Any) -> None:
    """Fail where no chart can show `metrics`: a confusion matrix, and the points of a ROC curve."""
    metrics = from_xcom(to_xcom(metrics))
    if metrics is None:
        return
    if not isinstance(metrics, dict):
        raise TypeError(f"the step returned a {type(metrics).__name__}, and ClassificationMetrics is a dict")
    shapes = {
        "confusionMatrix": {"annotationSpecs": [{"displayName": "name"}], "rows": [{"row": [1]}]},
        "confidenceMetrics": [{"confidenceThreshold": 0.5, "falsePositiveRate": 0.1, "recall": 0.8}],
    }
    for name, example in shapes.items():
        if name in metrics and not like(metrics[name], example):
            raise TypeError(f"the step returned ClassificationMetrics whose {name!r} is not like {example}")
    matrix = metrics.get("confusionMatrix", {"annotationSpecs": [], "rows": []})
    size = len(matrix["annotationSpecs"])
    if [len(row["row"]) for row in matrix["rows"]] != [size] * size:
        raise TypeError(f"the step returned a 'confusionMatrix' that has not {size} rows of {size} numbers")


def like(value: Any, example: Any) -> bool:
    """Whether `value` has the shape of `example`, and its numbers are finite."""
    if isinstance(example, dict):
        return isinstance(value, dict) and all(key in value and like(value[key], example[key]) for key in example)
    if isinstance(example, list):
        return isinstance(value, list) and all(like(item, example[0]) for item in value)
    if isinstance(example, str):
        return isinstance(value, str)
    return type(value) in (int, float) and abs(value) < float("inf")


def confusion(labels: list[str], hits: int) -> dict:
    rows = [{"row": [hits if i == j else 1 for j in range(len(labels))]} for i in range(len(labels))]
    return {"confusionMatrix": {"annotationSpecs": [{"displayName": label} for label in labels], "rows": rows}}


@task(multiple_outputs=True)
@stored(outputs={"count": (0, "value"), "readings": (1, "value")}, classification=[1])
def curve(points: int) -> tuple[int, dict]:
    steps = [i / points for i in range(points + 1)]
    readings = [{"confidenceThreshold": 1 - t, "falsePositiveRate": t * t, "recall": t} for t in steps]
    return points, {"confidenceMetrics": readings, "kind": "binary"}


@task(multiple_outputs=False)
@stored(classification=[None])
def nothing(points: int) -> dict | None:
    return {} if points else None


@task(multiple_outputs=False)
@stored
def summary(matrix: dict, readings: dict, empty: dict | None) -> dict[str, float]:
    return {"labels": len(matrix["confusionMatrix"]["rows"]), "points": len(readings["confidenceMetrics"])}


@task(task_id="confusion")
@stored(classification=[None])
def confusion_task(labels):
    return confusion(labels, 5)


@task
@stored(result=None, classification=[None])
def confusion_2(labels):
    return confusion(labels, 6)


@task
@stored
def compute_first(matrix):
    return matrix["confusionMatrix"]["rows"][0]["row"][0]


@task
@stored
def compute_result(summary_result, first, count):
    return [summary_result, first, count]


with DAG(
    dag_id="metrics_classification",
    schedule=None,
    catchup=False,
    params={
        "labels": Param(["cat", "dog"], type="array"),
        "points": Param(2, type="integer"),
    },
    doc_md=__doc__,
) as dag:
    matrix = confusion_task(dag.param("labels"))
    confusion_2(dag.param("labels"))
    curve_outputs = curve(dag.param("points"))
    empty = nothing(dag.param("points"))
    first = compute_first(matrix)
    summary_result = summary(matrix, curve_outputs["readings"], empty)
    compute_result(summary_result, first, curve_outputs["count"])
