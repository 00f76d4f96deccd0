"""Results of a loop, and of a step that gives several, which only the arms of a branch take."""

from __future__ import annotations

import base64
import contextlib
import functools
import os
import tempfile
from collections.abc import Callable, Generator, Sequence
from typing import Any

from airflow.sdk import DAG, Param, get_current_context, task, task_group


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


@task
@stored
def train(name: str) -> str:
    return name.upper()


@task
@stored
def evaluate(model: str) -> int:
    return len(model)


def split(name: str) -> tuple[str, int]:
    return name, len(name)


def ship(model: str) -> str:
    return f"shipped {model}"


@task
@stored
def list_name(names):
    return list(names)


@task(trigger_rule="none_failed")
def collected(task_id, key="return_value"):
    """List what a task of a mapped group gave for each item; as an argument one item would be no list."""
    values = get_current_context()["ti"].xcom_pull(task_ids=[task_id], key=key)
    return [value for value in values if value is not None]


@task
@stored
def compute_i(scores):
    return scores.index(max(scores))


@task.branch
@stored
def choose_n(n):
    return "ship" if n > 3 else "join_shipped_2"


@task(task_id="ship")
@stored
def ship_task(models, i):
    return ship(models[i])


@task(trigger_rule="none_failed_min_one_success")
@stored
def join_shipped_2(n, shipped):
    if n > 3:
        return shipped
    return "none"


@task(task_id="split", multiple_outputs=True)
@stored(outputs={"first": (0, "value"), "length": (1, "value")})
def split_task(names):
    return split(names[0])


@task.branch
@stored
def choose_n_3(n):
    return "choose_n_2" if n > 4 else "join_shipped_first_4"


@task.branch
@stored
def choose_n_2(n):
    return "ship_2" if n > 6 else "ship_3"


@task
@stored
def ship_2(first):
    return ship(first)


@task
@stored
def ship_3(first, length):
    return ship(f"{first} of {length}")


@task(trigger_rule="none_failed_min_one_success")
@stored
def join_shipped_first_3(shipped_first, shipped_first_2):
    return shipped_first if shipped_first is not None else shipped_first_2


@task(trigger_rule="none_failed_min_one_success")
@stored
def join_shipped_first_4(n, shipped_first_3):
    if n > 4:
        return shipped_first_3
    return "none"


@task(multiple_outputs=False)
@stored
def compute_result(shipped, shipped_first, scores):
    return {"shipped": shipped, "first": shipped_first, "scores": scores}


with DAG(
    dag_id="fanout_results_in_arm",
    schedule=None,
    catchup=False,
    params={
        "n": Param(5, type="integer"),
        "names": Param(["mean", "max", "median"], type="array"),
    },
    doc_md=__doc__,
) as dag:
    name_items = list_name(dag.param("names"))

    @task_group
    def for_name(name):
        model = train(name)
        scores_item = evaluate(model)
        return model, scores_item

    train_by_item, evaluate_by_item = for_name.expand(name=name_items)

    models = collected.override(task_id="collect_models")("for_name.train")
    scores_items = collected.override(task_id="collect_scores_items")("for_name.evaluate")
    i = compute_i(scores_items)
    if_n = choose_n(dag.param("n"))
    shipped = ship_task(models, i)
    shipped_2 = join_shipped_2(dag.param("n"), shipped)
    split_outputs = split_task(dag.param("names"))
    if_n_3 = choose_n_3(dag.param("n"))
    if_n_2 = choose_n_2(dag.param("n"))
    shipped_first = ship_2(split_outputs["first"])
    shipped_first_2 = ship_3(split_outputs["first"], split_outputs["length"])
    shipped_first_3 = join_shipped_first_3(shipped_first, shipped_first_2)
    shipped_first_4 = join_shipped_first_4(dag.param("n"), shipped_first_3)
    compute_result(shipped_2, shipped_first_4, scores_items)

    train_by_item >> models
    evaluate_by_item >> scores_items
    [models, i] >> if_n >> [shipped, shipped_2]
    split_outputs >> if_n_3 >> [if_n_2, shipped_first_4]
    if_n_2 >> [shipped_first, shipped_first_2]
