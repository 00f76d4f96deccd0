"""Fan-outs three deep, with steps before and after the inner ones."""

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


def upto(n: int) -> list[int]:
    return list(range(n))


def plus(a: int, b: int) -> int:
    return a + b


@task
@stored
def compute_for_x_all(xs):
    return list(xs)


@task(task_id="upto")
@stored
def upto_task(x):
    return upto(x)


@task(multiple_outputs=True, trigger_rule="none_failed")
@stored(outputs={"for_y_counts": (0, "value"), "for_y_pairs": (1, "value")})
def compute_for_y_pairs(for_x_all, items_all):
    for_y_counts = [len(list(outer_1)) for outer_item, outer_1 in zip(for_x_all, items_all)]
    for_y_pairs = [
        (outer_item, outer_1, inner_item) for outer_item, outer_1 in zip(for_x_all, items_all) for inner_item in outer_1
    ]
    return for_y_counts, for_y_pairs


@task
@stored
def compute_for_y_all(for_y_pairs):
    return list(for_y_pairs)


@task
@stored
def list_y(for_y_all):
    return [{"x": item[0], "y": item[2]} for item in for_y_all]


@task(task_id="plus")
@stored
def plus_task(x, y):
    return plus(x, y)


@task
@stored
def upto_2(y):
    return upto(y + 1)


@task(trigger_rule="none_failed")
def collected(task_id, key="return_value"):
    """List what a task of a mapped group gave for each item; as an argument one item would be no list."""
    values = get_current_context()["ti"].xcom_pull(task_ids=[task_id], key=key)
    return [value for value in values if value is not None]


@task(multiple_outputs=True)
@stored(outputs={"for_z_counts": (0, "value"), "for_z_pairs": (1, "value")})
def compute_for_z_pairs(for_y_all, base_all, items_2_all):
    for_z_counts = [len(list(outer_2)) for outer_item, outer_1, outer_2 in zip(for_y_all, base_all, items_2_all)]
    for_z_pairs = [(outer_item, outer_1, outer_2, inner_item) for outer_item, outer_1, outer_2 in zip(for_y_all, base_all, items_2_all) for inner_item in outer_2]  # fmt: skip
    return for_z_counts, for_z_pairs


@task
@stored
def plus_2(base, z):
    return plus(base, z)


@task
@stored
def list_z(for_z_pairs):
    return [{"z": item[3], "base": item[1]} for item in for_z_pairs]


@task(trigger_rule="none_failed")
@stored
def compute_sums_by_outer(sums_flat, for_z_counts):
    return [sums_flat[sum(for_z_counts[:i]) : sum(for_z_counts[: i + 1])] for i in range(len(for_z_counts))]


@task
@stored
def plus_3(base, sums):
    return plus(base, sum(sums))


@task
@stored
def list_y_after(for_y_all, base_all, sums_by_outer):
    return [{"base": base, "sums": sums} for _, base, sums in zip(for_y_all, base_all, sums_by_outer)]


@task(trigger_rule="none_failed")
@stored
def compute_totals_items_by_x(totals_items_flat, for_y_counts):
    return [totals_items_flat[sum(for_y_counts[:i]) : sum(for_y_counts[: i + 1])] for i in range(len(for_y_counts))]


@task
@stored
def compute_totals(totals_items_by_x):
    return [item for items in totals_items_by_x for item in items]


with DAG(
    dag_id="fanout_three_deep",
    schedule=None,
    catchup=False,
    params={
        "xs": Param([1, 2], type="array"),
    },
    doc_md=__doc__,
) as dag:
    for_x_all = compute_for_x_all(dag.param("xs"))
    items_all = upto_task.expand(x=for_x_all)
    for_y_pairs = compute_for_y_pairs(for_x_all, items_all)
    for_y_all = compute_for_y_all(for_y_pairs["for_y_pairs"])
    y_items = list_y(for_y_all)

    @task_group
    def for_y(x, y):
        base = plus_task(x, y)
        items_2 = upto_2(y)
        return base, items_2

    plus_by_item, upto_2_by_item = for_y.expand_kwargs(y_items)

    base_all = collected.override(task_id="collect_base_all")("for_y.plus")
    items_2_all = collected.override(task_id="collect_items_2_all")("for_y.upto_2")
    for_z_pairs = compute_for_z_pairs(for_y_all, base_all, items_2_all)
    z_items = list_z(for_z_pairs["for_z_pairs"])
    sums_flat = plus_2.expand_kwargs(z_items)
    sums_by_outer = compute_sums_by_outer(sums_flat, for_z_pairs["for_z_counts"])
    y_after_items = list_y_after(for_y_all, base_all, sums_by_outer)
    totals_items_flat = plus_3.expand_kwargs(y_after_items)
    totals_items_by_x = compute_totals_items_by_x(totals_items_flat, for_y_pairs["for_y_counts"])
    compute_totals(totals_items_by_x)

    plus_by_item >> base_all
    upto_2_by_item >> items_2_all
