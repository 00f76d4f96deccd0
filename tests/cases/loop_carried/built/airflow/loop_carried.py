"""A loop over a constant that carries values from one iteration to the next is unrolled."""

from __future__ import annotations

import base64
import contextlib
import functools
import logging
import os
import tempfile
from collections.abc import Callable, Generator, Sequence
from typing import Any

from airflow.sdk import DAG, Param, TaskGroup, get_current_context, task
from airflow.sdk.exceptions import AirflowTaskTimeout


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
        except (Exception, AirflowTaskTimeout) as error:
            if ti.try_number <= ti.max_tries:
                raise
            logging.getLogger("airflow.task").exception("the last attempt of %s has failed", ti.task_id)
            message = message_of(error, options.get("step", function.__name__))
        return {**outputs, "error": sent(message)}

    return run


def message_of(error: BaseException, step: str) -> str:
    """Say why a step has failed."""
    left = error.__cause__
    if isinstance(error, RuntimeError) and isinstance(left, SystemExit):
        return f"step {step!r} called sys.exit({left.code!r})"
    return str(error)


def add(a: int, b: int) -> int:
    return a + b


@task(multiple_outputs=True)
@caught
@stored
def half(a: int) -> int:
    if a % 2:
        raise ValueError(f"{a} is odd")
    return a // 2


@task(task_id="add")
@stored
def add_task(start):
    return add(start, 10)


@task
@stored
def add_2(x):
    return add(x, 0)


@task
@stored
def list_x():
    return list(range(2))


@task
@stored
def add_3(total):
    return add(total, 20)


@task
@stored
def add_4(x_2):
    return add(x_2, 1)


@task
@stored
def add_5(total_2):
    return add(total_2, 30)


@task
@stored
def add_6(x_3):
    return add(x_3, 2)


@task
@stored
def add_7():
    return add(3, 3)


@task
@stored
def join_best(score):
    if score > 0:
        return score
    return 0


@task
@stored
def add_8():
    return add(9, 9)


@task
@stored
def join_best_2(score, best):
    if score > best:
        return score
    return best


@task
@stored
def add_9():
    return add(4, 4)


@task
@stored
def add_10():
    return add(1, 0)


@task
@stored
def compute_chain(chain_item):
    return [chain_item]


@task
@stored
def add_11(chain):
    return add(2, chain[-1] if chain else 0)


@task(multiple_outputs=True)
@stored(outputs={"seen_items": (0, "value"), "value_2": (1, "value")})
def join_try_failed(half_error, value):
    if half_error is None:
        return [], value
    return [half_error], 12


@task(multiple_outputs=True)
@stored(outputs={"seen_items_2": (0, "value"), "value_4": (1, "value")})
def join_try_2_failed(half_error_2, value_3, value_2):
    if half_error_2 is None:
        return [], value_3
    return [half_error_2], value_2


@task(multiple_outputs=True)
@stored(outputs={"seen_items_3": (0, "value"), "value_6": (1, "value")})
def join_try_3_failed(half_error_3, value_5, value_4):
    if half_error_3 is None:
        return [], value_5
    return [half_error_3], value_4


@task(trigger_rule="none_failed")
@stored
def compute_seen(seen_items, seen_items_2, seen_items_3, parts, total, parts_2, total_2, parts_3, total_3):
    return [parts[1] + total, parts_2[1] + total_2, parts_3[1] + total_3, *seen_items, *seen_items_2, *seen_items_3]


@task
@stored
def compute_chain_2(chain, chain_item_2):
    return [*chain, chain_item_2]


@task
@stored
def compute_result(total, seen, best, chain, value):
    return [total, seen, best, chain, value]


with DAG(
    dag_id="loop_carried",
    schedule=None,
    catchup=False,
    params={
        "start": Param(1, type="integer"),
    },
    doc_md=__doc__,
) as dag:
    total = add_task(dag.param("start"))
    x_items = list_x()
    parts = add_2.expand(x=x_items)
    total_2 = add_3(total)
    x_2_items = list_x.override(task_id="list_x_2")()
    parts_2 = add_4.expand(x_2=x_2_items)
    total_3 = add_5(total_2)
    x_3_items = list_x.override(task_id="list_x_3")()
    parts_3 = add_6.expand(x_3=x_3_items)

    with TaskGroup("twice"):
        add_result_4 = add_7()

    best = join_best(add_result_4)

    with TaskGroup("twice_2"):
        add_result_5 = add_8()

    best_2 = join_best_2(add_result_5, best)

    with TaskGroup("twice_3"):
        add_result_6 = add_9()

    best_3 = join_best_2.override(task_id="join_best_3")(add_result_6, best_2)
    chain_item = add_10()
    chain = compute_chain(chain_item)
    chain_item_2 = add_11(chain)
    half_outputs = half(12)
    try_failed_joined = join_try_failed(half_outputs["error"], half_outputs["result"])
    half_2_outputs = half.override(task_id="half_2")(try_failed_joined["value_2"])
    try_2_failed_joined = join_try_2_failed(
        half_2_outputs["error"], half_2_outputs["result"], try_failed_joined["value_2"]
    )
    half_3_outputs = half.override(task_id="half_3")(try_2_failed_joined["value_4"])
    try_3_failed_joined = join_try_3_failed(
        half_3_outputs["error"], half_3_outputs["result"], try_2_failed_joined["value_4"]
    )
    seen = compute_seen(
        seen_items=try_failed_joined["seen_items"],
        seen_items_2=try_2_failed_joined["seen_items_2"],
        seen_items_3=try_3_failed_joined["seen_items_3"],
        parts=parts,
        total=total,
        parts_2=parts_2,
        total_2=total_2,
        parts_3=parts_3,
        total_3=total_3,
    )
    chain_2 = compute_chain_2(chain, chain_item_2)
    compute_result(total=total_3, seen=seen, best=best_3, chain=chain_2, value=try_3_failed_joined["value_6"])
