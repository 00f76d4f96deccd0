"""A return two levels deep: what follows each level runs only where nothing returned."""

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
def read(n: int) -> int:
    return n


@task
@stored
def tag(text: str) -> str:
    return text


@task.branch
@stored
def choose_value_2(value):
    return ["tag_2", "choose_value"] if value > 0 else "tag_5"


@task.branch
@stored
def choose_value(value):
    return "tag_3" if value > 10 else "tag_4"


@task(multiple_outputs=True, trigger_rule="none_failed_min_one_success")
@stored(outputs={"result": (0, "value"), "returned": (1, "value"), "second_2": (2, "value")})
def join_value(value, seen, first, tag_result, second):
    if value > 10:
        return [seen, first, tag_result], True, None
    return None, False, second


@task(multiple_outputs=True, trigger_rule="none_failed_min_one_success")
@stored(outputs={"result_2": (0, "value"), "returned_2": (1, "value"), "second_4": (2, "value")})
def join_value_2(value, result, returned, second_2, second_3):
    if value > 0:
        return result, returned, second_2
    return None, False, second_3


@task.branch
@stored
def choose_returned(returned_2):
    return "join_result_3" if returned_2 else "tag_6"


@task(trigger_rule="none_failed_min_one_success")
@stored
def join_result_3(returned_2, result_2, seen, second, tag_result):
    if returned_2:
        return result_2
    return [seen, second, tag_result]


with DAG(
    dag_id="branch_return_nested",
    schedule=None,
    catchup=False,
    params={
        "n": Param(1, type="integer"),
    },
    doc_md=__doc__,
) as dag:
    value = read(dag.param("n"))
    seen = tag("start")
    if_value_2 = choose_value_2(value)
    first = tag.override(task_id="tag_2")("positive")
    if_value = choose_value(value)
    tag_result = tag.override(task_id="tag_3")("large")
    second = tag.override(task_id="tag_4")("small")
    value_joined = join_value(value=value, seen=seen, first=first, tag_result=tag_result, second=second)
    second_3 = tag.override(task_id="tag_5")("not positive")
    value_2_joined = join_value_2(
        value=value,
        result=value_joined["result"],
        returned=value_joined["returned"],
        second_2=value_joined["second_2"],
        second_3=second_3,
    )
    returned = choose_returned(value_2_joined["returned_2"])
    tag_result_2 = tag.override(task_id="tag_6")("end")
    result_3 = join_result_3(
        returned_2=value_2_joined["returned_2"],
        result_2=value_2_joined["result_2"],
        seen=seen,
        second=value_2_joined["second_4"],
        tag_result=tag_result_2,
    )

    if_value_2 >> [first, if_value, value_joined, second_3]
    if_value >> [tag_result, second]
    returned >> [tag_result_2, result_3]
