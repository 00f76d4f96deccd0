"""Names longer than an orchestrator takes, and names that begin with a digit once they are spelt as it wants them."""

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
def a_step_whose_author_wanted_to_say_everything_about_it_in_its_name_and_then_some_more_about_the_weather_as_well(
    x: int,
) -> int:
    return x + 1


@task
@stored
def _2fold(x: int) -> int:
    return 2 * x


@task(task_id="x3fold")
@stored
def __3fold(x: int) -> int:
    return 3 * x


@task
@stored
def list_x(n):
    return list(range(n))


@task.branch
@stored
def choose__4(_4):
    return "x3fold" if _4 > 3 else "a_step_whose_author_wanted_to_say_everything_about_it_in_its_name_and_then_some_more_about_the_weather_as_well_2"  # fmt: skip


@task(trigger_rule="none_failed_min_one_success")
@stored
def join_x5_3(x5, x5_2):
    return x5 if x5 is not None else x5_2


@task(multiple_outputs=True)
@stored(outputs={"for_y_counts": (0, "value"), "for_y_pairs": (1, "value")})
def compute_for_y_pairs(for_x_2_all):
    for_y_counts = [len(list(range(outer_item))) for outer_item in for_x_2_all]
    for_y_pairs = [(outer_item, inner_item) for outer_item in for_x_2_all for inner_item in range(outer_item)]
    return for_y_counts, for_y_pairs


@task
@stored
def list_y(for_y_pairs):
    return [item[1] for item in for_y_pairs]


@task(trigger_rule="none_failed")
@stored
def compute_x2fold_results_by_x(x2fold_results_flat, for_y_counts):
    return [x2fold_results_flat[sum(for_y_counts[:i]) : sum(for_y_counts[: i + 1])] for i in range(len(for_y_counts))]


@task(trigger_rule="none_failed")
@stored
def compute_result(
    values_that_are_collected_in_a_list_with_a_name_that_says_at_length_what_is_in_it_and_where_it_came_from,
    items,
    _5,
):
    return [
        values_that_are_collected_in_a_list_with_a_name_that_says_at_length_what_is_in_it_and_where_it_came_from,
        items,
        _5,
    ]


with DAG(
    dag_id="names_long",
    schedule=None,
    catchup=False,
    params={
        "n": Param(2, type="integer"),
    },
    doc_md=__doc__,
) as dag:
    x_items = list_x(dag.param("n"))
    values_that_are_collected_in_a_list_with_a_name_that_says_at_length_what_is_in_it_and_where_it_came_from = a_step_whose_author_wanted_to_say_everything_about_it_in_its_name_and_then_some_more_about_the_weather_as_well.expand(x=x_items)  # fmt: skip
    x4 = _2fold.override(task_id="x2fold")(dag.param("n"))
    if__4 = choose__4(x4)
    x5 = __3fold(dag.param("n"))
    x5_2 = a_step_whose_author_wanted_to_say_everything_about_it_in_its_name_and_then_some_more_about_the_weather_as_well.override(task_id="a_step_whose_author_wanted_to_say_everything_about_it_in_its_name_and_then_some_more_about_the_weather_as_well_2")(x4)  # fmt: skip
    x5_3 = join_x5_3(x5, x5_2)
    for_x_2_all = list_x.override(task_id="compute_for_x_2_all")(dag.param("n"))
    for_y_pairs = compute_for_y_pairs(for_x_2_all)
    y_items = list_y(for_y_pairs["for_y_pairs"])
    x2fold_results_flat = _2fold.override(task_id="x2fold_2").expand(x=y_items)
    x2fold_results_by_x = compute_x2fold_results_by_x(x2fold_results_flat, for_y_pairs["for_y_counts"])
    compute_result(
        values_that_are_collected_in_a_list_with_a_name_that_says_at_length_what_is_in_it_and_where_it_came_from,
        x2fold_results_by_x,
        x5_3,
    )

    if__4 >> [x5, x5_2]
