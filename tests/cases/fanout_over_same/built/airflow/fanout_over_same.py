"""Several fan-outs over one value, and branches on it: in a loop, in an arm that is not taken, in a group, and below them."""

from __future__ import annotations

import base64
import contextlib
import functools
import os
import tempfile
from collections.abc import Callable, Generator, Sequence
from typing import Any

from airflow.sdk import DAG, Param, TaskGroup, get_current_context, task


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


def add(a: int, b: int) -> int:
    return a + b


@task
@stored
def compute_for_i_all(n):
    return list(range(n))


@task(multiple_outputs=True)
@stored(outputs={"for_x_counts": (0, "value"), "for_x_pairs": (1, "value")})
def compute_for_x_pairs(for_i_all, xs):
    for_x_counts = [len(list(xs)) for outer_item in for_i_all]
    for_x_pairs = [(outer_item, inner_item) for outer_item in for_i_all for inner_item in xs]
    return for_x_counts, for_x_pairs


@task(task_id="add")
@stored
def add_task(x, i):
    return add(x, i)


@task
@stored
def list_x(for_x_pairs):
    return [{"i": item[0], "x": item[1]} for item in for_x_pairs]


@task(trigger_rule="none_failed")
@stored
def compute_add_results_by_i(add_results_flat, for_x_counts):
    return [add_results_flat[sum(for_x_counts[:i]) : sum(for_x_counts[: i + 1])] for i in range(len(for_x_counts))]


@task
@stored
def compute_rows(add_results_by_i):
    return [len(add_results) for add_results in add_results_by_i]


@task.branch
@stored
def choose_n(n):
    return "list_x_2" if n > 5 else "each.list_x_3"


@task
@stored
def add_2(x_2):
    return add(x_2, 5)


@task
@stored
def list_x_2(xs):
    return list(xs)


@task(trigger_rule="none_failed")
@stored
def join_chosen_2(flag, chosen):
    if flag:
        return [0]
    return chosen


@task
@stored
def add_3(x_3):
    return add(x_3, 7)


@task
@stored
def list_x_3(xs_2):
    return list(xs_2)


@task(trigger_rule="none_failed_min_one_success")
@stored
def join_chosen_4(n, chosen_2, chosen_3):
    if n > 5:
        return chosen_2
    return chosen_3


@task.branch
@stored
def choose_flag_2(flag):
    return "add_4" if flag else "join_chosen_6"


@task
@stored
def add_4(n):
    return add(n, n)


@task
@stored
def compute_chosen_5(add_result):
    return [add_result]


@task(trigger_rule="none_failed_min_one_success")
@stored
def join_chosen_6(flag, chosen_5, chosen_4):
    if flag:
        return chosen_5
    return chosen_4


@task
@stored
def add_5(x_4):
    return add(x_4, 9)


@task(trigger_rule="none_failed")
@stored
def compute_result(rows, chosen, items):
    return [rows, chosen, items]


with DAG(
    dag_id="fanout_over_same",
    schedule=None,
    catchup=False,
    params={
        "n": Param(2, type="integer"),
        "xs": Param([1, 4], type="array"),
        "flag": Param(False, type="boolean"),
    },
    doc_md=__doc__,
) as dag:
    for_i_all = compute_for_i_all(dag.param("n"))
    for_x_pairs = compute_for_x_pairs(for_i_all, dag.param("xs"))
    x_items = list_x(for_x_pairs["for_x_pairs"])
    add_results_flat = add_task.expand_kwargs(x_items)
    add_results_by_i = compute_add_results_by_i(add_results_flat, for_x_pairs["for_x_counts"])
    rows = compute_rows(add_results_by_i)
    if_n = choose_n(dag.param("n"))
    x_2_items = list_x_2(dag.param("xs"))
    chosen = add_2.expand(x_2=x_2_items)
    chosen_2 = join_chosen_2(dag.param("flag"), chosen)

    with TaskGroup("each"):
        x_3_items = list_x_3(dag.param("xs"))
        add_result_3_by_x = add_3.expand(x_3=x_3_items)

    chosen_4 = join_chosen_4(dag.param("n"), chosen_2, add_result_3_by_x)
    if_flag_2 = choose_flag_2(dag.param("flag"))
    add_result_4 = add_4(dag.param("n"))
    chosen_5 = compute_chosen_5(add_result_4)
    chosen_6 = join_chosen_6(dag.param("flag"), chosen_5, chosen_4)
    x_4_items = list_x_2.override(task_id="list_x_4")(dag.param("xs"))
    add_result_5_by_x = add_5.expand(x_4=x_4_items)
    compute_result(rows, chosen_6, add_result_5_by_x)

    if_n >> [x_2_items, chosen_2, x_3_items, chosen_4]
    if_flag_2 >> [add_result_4, chosen_6]
