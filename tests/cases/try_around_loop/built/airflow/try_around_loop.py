"""A `try` around a loop over the items of a run, of which the results of several steps are collected."""

from __future__ import annotations

import base64
import contextlib
import functools
import logging
import os
import pickle
import tempfile
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Any

from airflow.configuration import AIRFLOW_HOME
from airflow.sdk import (
    DAG,
    ObjectStoragePath,
    Param,
    TaskGroup,
    get_current_context,
    task,
    task_group,
)
from airflow.sdk.exceptions import (
    AirflowFailException,
    AirflowSkipException,
    AirflowTaskTimeout,
)

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
            if options.get("result", "value") is None:
                return None
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
    """Store an object."""
    target = path.parent / f"{path.name}.{form}"
    target.write_bytes(pickle.dumps(value, protocol=5))
    return target


def read_object(path: ObjectStoragePath) -> Any:
    """Read an object back."""
    return pickle.loads(path.read_bytes())


def caught(function: Callable[..., Any] | None = None, **options: Any) -> Any:
    """Let a task end well when its last attempt fails: it gives the message as "error", and no results.

    Attempts before the last fail as usual, so that Airflow retries them.
    """
    if function is None:
        return functools.partial(caught, **options)

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        ti = get_current_context()["ti"]
        outputs: dict[str, Any] = {}
        message = None
        try:
            outputs = {"result": function(*args, **kwargs)}
        except AirflowSkipException:
            raise
        except (Exception, AirflowTaskTimeout) as error:
            if ti.try_number <= ti.max_tries:
                raise
            logging.getLogger("airflow.task").exception("the last attempt of %s has failed", ti.task_id)
            message = message_of(error, options.get("step", function.__name__))
        return {**outputs, "error": sent(message, "value", "error")}

    return run


def message_of(error: BaseException, step: str) -> str:
    """Say why a step has failed."""
    left = error.__cause__
    if isinstance(error, RuntimeError) and isinstance(left, SystemExit):
        return f"step {step!r} called sys.exit({left.code!r})"
    return str(error)


@task(multiple_outputs=True)
@caught
@stored
def items(n: int) -> list[int]:
    return list(range(n))


def train(x: int) -> set:
    if x > 2:
        raise ValueError(f"{x} is too much")
    return {x, x + 1}


def evaluate(model: set) -> int:
    return sum(model)


@task(multiple_outputs=True)
@caught
@stored
def count(models: list[set], scores: list[int]) -> int:
    return len(models) + max(scores)


@task
@stored(result=None)
def clean(folder: str) -> None:
    Path(folder, "cleaned").touch()


@task.branch
@stored
def choose_after_items(items_error):
    return "try_2_2.list_x" if items_error is None else "try_2_2.join_after_items"


@task
@stored
def list_x(items_):
    return list(items_)


@task(task_id="train", multiple_outputs=True)
@caught(step="train")
@stored(result="pickle")
def train_task(x):
    return train(x)


@task
@stored
def check_after_train(train_error):
    return train_error is None


@task(task_id="evaluate", multiple_outputs=True)
@caught(step="evaluate")
@stored
def evaluate_task(model, after_train):
    if not after_train:
        raise AirflowSkipException("the other branch was taken")
    return evaluate(model)


@task(multiple_outputs=True, trigger_rule="none_failed")
@stored(outputs={"scores_item_2": (0, "value"), "error_2": (1, "value")})
def join_after_train(scores_item, evaluate_error, train_error, after_train):
    if after_train:
        return scores_item, evaluate_error
    return None, train_error


@task(trigger_rule="none_failed")
def collected(task_id, key="return_value"):
    """List what a task of a mapped group gave for each item; as an argument one item would be no list."""
    values = get_current_context()["ti"].xcom_pull(task_ids=[task_id], key=key)
    return [value for value in values if value is not None]


@task
@stored
def compute_error_3(errors):
    return ([message for message in errors if message is not None] or [None])[0]


@task.branch
@stored
def choose_going_on_3(error_3):
    return "try_2_2.count" if error_3 is None else "try_2_2.join_going_on_3"


@task.branch
@stored
def choose_after_count(count_error):
    return "try_2_2.compute_result" if count_error is None else "try_2_2.join_after_count"


@task(multiple_outputs=True)
@caught
@stored
def compute_result(count_result):
    return f"counted {count_result}"


@task(multiple_outputs=True, trigger_rule="none_failed_min_one_success")
@stored(outputs={"result_5": (0, "value"), "error_4": (1, "value")})
def join_after_count(count_error, result, result_error):
    if count_error is None:
        return result, result_error
    return None, count_error


@task(multiple_outputs=True, trigger_rule="none_failed_min_one_success")
@stored(outputs={"result_6": (0, "value"), "error_5": (1, "value")})
def join_going_on_3(error_3, result_5, error_4):
    if error_3 is None:
        return result_5, error_4
    return None, error_3


@task(multiple_outputs=True, trigger_rule="none_failed_min_one_success")
@stored(outputs={"result_7": (0, "value"), "error_6": (1, "value")})
def join_after_items(items_error, result_6, error_5):
    if items_error is None:
        return result_6, error_5
    return None, items_error


@task.branch
@stored
def choose_try_failed(error_6):
    return "try_2_2.join_try_failed" if error_6 is None else "try_2_2.compute_result_2"


@task(multiple_outputs=True)
@caught
@stored
def compute_result_2(error_6):
    return f"counted nothing: {error_6}"


@task(multiple_outputs=True, trigger_rule="none_failed_min_one_success")
@stored(outputs={"result_4_2": (0, "value"), "error_7": (1, "value")})
def join_try_failed(error_6, result_7, result_2, result_2_error):
    if error_6 is None:
        return result_7, None
    return result_2, result_2_error


@task
@stored(result=None)
def try_2_failed(error_7):
    if error_7 is not None:
        raise AirflowFailException(error_7)


with DAG(
    dag_id="try_around_loop",
    schedule=None,
    catchup=False,
    params={
        "folder": Param(type="string"),
        "n": Param(3, type="integer"),
    },
    doc_md=__doc__,
) as dag:
    with TaskGroup("try_2_2"):
        items_outputs = items(dag.param("n"))
        after_items = choose_after_items(items_outputs["error"])
        x_items = list_x(items_outputs["result"])

        @task_group
        def for_x(x):
            train_outputs = train_task(x)
            after_train = check_after_train(train_outputs["error"])
            evaluate_outputs = evaluate_task(train_outputs["result"], after_train)
            after_train_joined = join_after_train(
                scores_item=evaluate_outputs["result"],
                evaluate_error=evaluate_outputs["error"],
                train_error=train_outputs["error"],
                after_train=after_train,
            )

            after_items >> after_train_joined

            return train_outputs, after_train_joined

        train_by_item, join_after_train_by_item = for_x.expand(x=x_items)

        models = collected.override(task_id="collect_models")("try_2_2.for_x.train", "result")
        scores_items = collected.override(task_id="collect_scores_items")(
            "try_2_2.for_x.join_after_train", "scores_item_2"
        )
        errors = collected.override(task_id="collect_errors")("try_2_2.for_x.join_after_train", "error_2")
        error_3 = compute_error_3(errors)
        going_on_3 = choose_going_on_3(error_3)
        count_outputs = count(models, scores_items)
        after_count = choose_after_count(count_outputs["error"])
        result_outputs = compute_result(count_outputs["result"])
        after_count_joined = join_after_count(count_outputs["error"], result_outputs["result"], result_outputs["error"])
        going_on_3_joined = join_going_on_3(error_3, after_count_joined["result_5"], after_count_joined["error_4"])
        after_items_joined = join_after_items(
            items_outputs["error"], going_on_3_joined["result_6"], going_on_3_joined["error_5"]
        )
        try_failed = choose_try_failed(after_items_joined["error_6"])
        result_2_outputs = compute_result_2(after_items_joined["error_6"])
        try_failed_joined = join_try_failed(
            error_6=after_items_joined["error_6"],
            result_7=after_items_joined["result_7"],
            result_2=result_2_outputs["result"],
            result_2_error=result_2_outputs["error"],
        )
        clean_done = clean(dag.param("folder"))
        try_2_failed_done = try_2_failed(try_failed_joined["error_7"])

    after_items >> [x_items, after_items_joined]
    [train_by_item, after_items] >> models
    [join_after_train_by_item, after_items] >> scores_items
    [join_after_train_by_item, after_items] >> errors
    [models, scores_items] >> going_on_3 >> [count_outputs, going_on_3_joined]
    after_count >> [result_outputs, after_count_joined]
    try_failed >> [result_2_outputs, try_failed_joined]
    try_failed_joined >> clean_done >> try_2_failed_done

    # Result: try_failed_joined["result_4_2"]
