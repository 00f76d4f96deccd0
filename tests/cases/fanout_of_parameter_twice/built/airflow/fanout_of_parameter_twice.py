"""Loops over the same parameter in both arms of a branch, in a loop, and beside them."""

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


def double(x: int) -> int:
    return 2 * x


@task
@stored
def total(xs: list) -> int:
    return sum(xs)


@task.branch
@stored
def choose_up(up):
    return "list_x" if up else "list_x_2"


@task(task_id="double")
@stored
def double_task(x):
    return double(x)


@task
@stored
def list_x(xs):
    return list(xs)


@task
@stored
def double_2(x):
    return double(-x)


@task(trigger_rule="none_failed_min_one_success")
@stored
def join_result_3(result, result_2):
    return result if result is not None else result_2


@task
@stored
def compute_for_row_all(rows):
    return list(rows)


@task(multiple_outputs=True)
@stored(outputs={"for_x_3_counts": (0, "value"), "for_x_3_pairs": (1, "value")})
def compute_for_x_3_pairs(for_row_all, xs):
    for_x_3_counts = [len(list(xs)) for outer_item in for_row_all]
    for_x_3_pairs = [(outer_item, inner_item) for outer_item in for_row_all for inner_item in xs]
    return for_x_3_counts, for_x_3_pairs


@task
@stored
def double_3(x, row):
    return double(x + row)


@task
@stored
def list_x_3(for_x_3_pairs):
    return [{"x": item[1], "row": item[0]} for item in for_x_3_pairs]


@task(trigger_rule="none_failed")
@stored
def compute_xs_4_by_outer(xs_4_flat, for_x_3_counts):
    return [xs_4_flat[sum(for_x_3_counts[:i]) : sum(for_x_3_counts[: i + 1])] for i in range(len(for_x_3_counts))]


@task
@stored
def list_row_after(for_row_all, xs_4_by_outer):
    return [xs for _, xs in zip(for_row_all, xs_4_by_outer)]


@task
@stored
def double_4(x_4):
    return double(x_4)


@task(trigger_rule="none_failed")
@stored
def compute_result(result, sums, items):
    return [result, *sums, *items]


with DAG(
    dag_id="fanout_of_parameter_twice",
    schedule=None,
    catchup=False,
    params={
        "xs": Param([1, 2], type="array"),
        "up": Param(False, type="boolean"),
        "rows": Param([5], type="array"),
    },
    doc_md=__doc__,
) as dag:
    if_up = choose_up(dag.param("up"))
    x_items = list_x(dag.param("xs"))
    xs_2 = double_task.expand(x=x_items)
    result = total.override(trigger_rule="none_failed")(xs_2)
    x_2_items = list_x.override(task_id="list_x_2")(dag.param("xs"))
    xs_3 = double_2.expand(x=x_2_items)
    result_2 = total.override(task_id="total_2", trigger_rule="none_failed")(xs_3)
    result_3 = join_result_3(result, result_2)
    for_row_all = compute_for_row_all(dag.param("rows"))
    for_x_3_pairs = compute_for_x_3_pairs(for_row_all, dag.param("xs"))
    x_3_items = list_x_3(for_x_3_pairs["for_x_3_pairs"])
    xs_4_flat = double_3.expand_kwargs(x_3_items)
    xs_4_by_outer = compute_xs_4_by_outer(xs_4_flat, for_x_3_pairs["for_x_3_counts"])
    row_after_items = list_row_after(for_row_all, xs_4_by_outer)
    sums = total.override(task_id="total_3").expand(xs=row_after_items)
    x_4_items = list_x.override(task_id="list_x_4")(dag.param("xs"))
    double_result_4_by_x = double_4.expand(x_4=x_4_items)
    compute_result(result_3, sums, double_result_4_by_x)

    if_up >> [x_items, result, x_2_items, result_2]
