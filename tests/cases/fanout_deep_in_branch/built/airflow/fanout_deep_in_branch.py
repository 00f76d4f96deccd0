"""Fan-outs in the arms of branches, and behind what may fail in a `try`, inside a fan-out."""

from __future__ import annotations

import base64
import contextlib
import functools
import logging
import os
import tempfile
from collections.abc import Callable, Generator, Sequence
from typing import Any

from airflow.sdk import DAG, Param, get_current_context, task, task_group
from airflow.sdk.exceptions import AirflowSkipException, AirflowTaskTimeout


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
        return {**outputs, "error": sent(message)}

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
def parts(n: int) -> list[int]:
    if n == 5:
        raise ValueError("five has no parts")
    return list(range(n))


def double(n: int) -> int:
    return 2 * n


def plus(a: int, b: int) -> int:
    return a + b


def note(text: str) -> None:
    return None


@task
@stored
def compute_for_x_all(xs):
    return list(xs)


@task
@stored
def compute_condition(x):
    return bool(x > 2)


@task(task_id="double")
@stored
def double_task(x, condition):
    if not condition:
        raise AirflowSkipException("the other branch was taken")
    return double(x)


@task(multiple_outputs=True, trigger_rule="none_failed")
@stored(outputs={"base_2": (0, "value"), "for_part_items": (1, "value")})
def join_x_2_2(base, condition):
    if condition:
        return base, [1, 2]
    return None, []


@task(trigger_rule="none_failed")
def collected(task_id, key="return_value"):
    """List what a task of a mapped group gave for each item; as an argument one item would be no list."""
    values = get_current_context()["ti"].xcom_pull(task_ids=[task_id], key=key)
    return [value for value in values if value is not None]


@task(multiple_outputs=True)
@stored(outputs={"for_part_counts": (0, "value"), "for_part_pairs": (1, "value")})
def compute_for_part_pairs(for_x_all, condition_all, base_2_all, for_part_items_all):
    for_part_counts = [len(list(outer_3)) for outer_item, outer_1, outer_2, outer_3 in zip(for_x_all, condition_all, base_2_all, for_part_items_all)]  # fmt: skip
    for_part_pairs = [(outer_item, outer_1, outer_2, outer_3, inner_item) for outer_item, outer_1, outer_2, outer_3 in zip(for_x_all, condition_all, base_2_all, for_part_items_all) for inner_item in outer_3]  # fmt: skip
    return for_part_counts, for_part_pairs


@task(task_id="plus")
@stored
def plus_task(base_2, part):
    return plus(base_2, part)


@task
@stored
def list_part(for_part_pairs):
    return [{"part": item[4], "base_2": item[2]} for item in for_part_pairs]


@task(trigger_rule="none_failed")
@stored
def compute_sums_by_outer(sums_flat, for_part_counts):
    return [sums_flat[sum(for_part_counts[:i]) : sum(for_part_counts[: i + 1])] for i in range(len(for_part_counts))]


@task
@stored
def compute_for_x_after_all(for_x_all, condition_all, sums_by_outer):
    return list(zip(for_x_all, condition_all, sums_by_outer))


@task
@stored
def list_x_after(for_x_after_all):
    return [{"x": item[0], "sums": item[2], "condition_": item[1]} for item in for_x_after_all]


@task
@stored
def check_x_2_3(condition):
    return bool(condition)


@task
@stored
def join_for_name_items(x, if_x_2_3):
    if if_x_2_3 is not False:
        raise AirflowSkipException("the other branch was taken")
    if x:
        return ["a", "b"]
    return []


@task(trigger_rule="none_failed")
@stored
def join_for_name_items_2(for_name_items, if_x_2_3):
    if if_x_2_3:
        return []
    return for_name_items


@task(multiple_outputs=True)
@stored(outputs={"for_name_counts": (0, "value"), "for_name_pairs": (1, "value")})
def compute_for_name_pairs(for_x_after_all, for_name_items_2_all):
    for_name_counts = [len(list(outer_1)) for outer_item, outer_1 in zip(for_x_after_all, for_name_items_2_all)]
    for_name_pairs = [(outer_item, outer_1, inner_item) for outer_item, outer_1 in zip(for_x_after_all, for_name_items_2_all) for inner_item in outer_1]  # fmt: skip
    return for_name_counts, for_name_pairs


@task
@stored(result=None)
def note_2(name, x):
    return note(f"{name} {x}")


@task(trigger_rule="none_failed")
@stored
def list_name(for_name_pairs):
    return [{"x": item[0][0], "name": item[2]} for item in for_name_pairs]


@task(trigger_rule="none_failed")
@stored
def compute_for_x_after_after_all(for_x_after_all):
    return list(for_x_after_all)


@task(trigger_rule="none_failed")
@stored
def list_x_after_after(for_x_after_after_all):
    return [{"x": item[0], "sums": item[2], "condition_": item[1]} for item in for_x_after_after_all]


@task(task_id="note")
@stored(result=None)
def note_task(sums, x, if_x_2):
    if not if_x_2:
        raise AirflowSkipException("the other branch was taken")
    return note(f"{len(sums)} of {x}")


@task
@stored
def plus_2(sums, if_x_2):
    if not if_x_2:
        raise AirflowSkipException("the other branch was taken")
    return plus(sums[0], sums[1])


@task
@stored
def check_x(x, if_x_2):
    if if_x_2 is not False:
        raise AirflowSkipException("the other branch was taken")
    return bool(x)


@task
@stored
def double_2(x, if_x):
    if not if_x:
        raise AirflowSkipException("the other branch was taken")
    return double(x)


@task(trigger_rule="none_failed")
@stored
def join_total_3(total_2, if_x_2, if_x):
    if if_x_2 is not False:
        raise AirflowSkipException("the other branch was taken")
    if if_x:
        return total_2
    return 0


@task(trigger_rule="none_failed")
@stored
def join_total_4(total, total_3, if_x_2):
    if if_x_2:
        return total
    return total_3


@task
@stored
def compute_condition_2(parts_error):
    return parts_error is None


@task
@stored
def join_for_part_2_items(condition_2, items):
    if condition_2:
        return items
    return []


@task(multiple_outputs=True)
@stored(outputs={"for_part_2_counts": (0, "value"), "for_part_2_pairs": (1, "value")})
def compute_for_part_2_pairs(for_x_after_after_all, parts_error_all, condition_2_all, for_part_2_items_all):
    for_part_2_counts = [len(list(outer_3)) for outer_item, outer_1, outer_2, outer_3 in zip(for_x_after_after_all, parts_error_all, condition_2_all, for_part_2_items_all)]  # fmt: skip
    for_part_2_pairs = [(outer_item, outer_1, outer_2, outer_3, inner_item) for outer_item, outer_1, outer_2, outer_3 in zip(for_x_after_after_all, parts_error_all, condition_2_all, for_part_2_items_all) for inner_item in outer_3]  # fmt: skip
    return for_part_2_counts, for_part_2_pairs


@task(multiple_outputs=True)
@caught(step="double")
@stored
def double_3(part_2):
    return double(part_2)


@task
@stored
def list_part_2(for_part_2_pairs):
    return [item[4] for item in for_part_2_pairs]


@task(trigger_rule="none_failed")
@stored
def compute_doubled_by_outer(doubled_flat, for_part_2_counts):
    return [doubled_flat[sum(for_part_2_counts[:i]) : sum(for_part_2_counts[: i + 1])] for i in range(len(for_part_2_counts))]  # fmt: skip


@task(trigger_rule="none_failed")
@stored
def compute_errors_by_outer(errors_flat, for_part_2_counts):
    return [
        errors_flat[sum(for_part_2_counts[:i]) : sum(for_part_2_counts[: i + 1])] for i in range(len(for_part_2_counts))
    ]


@task
@stored
def list_x_after_after_after(
    for_x_after_after_all,
    parts_error_all,
    condition_2_all,
    doubled_by_outer,
    errors_by_outer,
):
    return [{"errors": errors, "doubled": doubled, "parts_error": parts_error, "condition_2_": condition_2_} for _, parts_error, condition_2_, doubled, errors in zip(for_x_after_after_all, parts_error_all, condition_2_all, doubled_by_outer, errors_by_outer)]  # fmt: skip


@task
@stored
def check_going_on_2(condition_2):
    return bool(condition_2)


@task
@stored
def compute_error_2(errors, going_on_2):
    if not going_on_2:
        raise AirflowSkipException("the other branch was taken")
    return ([message for message in errors if message is not None] or [None])[0]


@task
@stored
def check_going_on(error_2):
    return error_2 is None


@task(multiple_outputs=True)
@caught
@stored
def compute_message(doubled, going_on):
    if not going_on:
        raise AirflowSkipException("the other branch was taken")
    return f"{len(doubled)} parts"


@task(multiple_outputs=True, trigger_rule="none_failed")
@stored(outputs={"message_3": (0, "value"), "error_3": (1, "value")})
def join_going_on(message, message_error, error_2, going_on_2, going_on):
    if not going_on_2:
        raise AirflowSkipException("the other branch was taken")
    if going_on:
        return message, message_error
    return None, error_2


@task(multiple_outputs=True, trigger_rule="none_failed")
@stored(outputs={"message_4": (0, "value"), "error_4": (1, "value")})
def join_going_on_2(message_3, error_3, parts_error, going_on_2):
    if going_on_2:
        return message_3, error_3
    return None, parts_error


@task
@stored
def join_message_2(error_4, message_4):
    if error_4 is None:
        return message_4
    return error_4


@task
@stored
def compute_result(total_4_by_x, message_2_by_x):
    return (total_4_by_x, message_2_by_x)


with DAG(
    dag_id="fanout_deep_in_branch",
    schedule=None,
    catchup=False,
    params={
        "xs": Param([0, 1, 3, 5], type="array"),
    },
    doc_md=__doc__,
) as dag:
    for_x_all = compute_for_x_all(dag.param("xs"))

    @task_group
    def for_x(x):
        condition = compute_condition(x)
        base = double_task(x, condition)
        x_2_2_joined = join_x_2_2(base, condition)
        return condition, x_2_2_joined

    compute_condition_by_item, join_x_2_2_by_item = for_x.expand(x=for_x_all)

    condition_all = collected.override(task_id="collect_condition_all")("for_x.compute_condition")
    base_2_all = collected.override(task_id="collect_base_2_all")("for_x.join_x_2_2", "base_2")
    for_part_items_all = collected.override(task_id="collect_for_part_items_all")("for_x.join_x_2_2", "for_part_items")
    for_part_pairs = compute_for_part_pairs(
        for_x_all=for_x_all, condition_all=condition_all, base_2_all=base_2_all, for_part_items_all=for_part_items_all
    )
    part_items = list_part(for_part_pairs["for_part_pairs"])
    sums_flat = plus_task.expand_kwargs(part_items)
    sums_by_outer = compute_sums_by_outer(sums_flat, for_part_pairs["for_part_counts"])
    for_x_after_all = compute_for_x_after_all(for_x_all, condition_all, sums_by_outer)
    x_after_items = list_x_after(for_x_after_all)

    @task_group
    def for_x_after(x, condition_, sums):
        if_x_2_3 = check_x_2_3(condition_)
        for_name_items = join_for_name_items(x, if_x_2_3)
        for_name_items_2 = join_for_name_items_2(for_name_items, if_x_2_3)
        return for_name_items_2

    join_for_name_items_2_by_item = for_x_after.expand_kwargs(x_after_items)

    for_name_items_2_all = collected.override(task_id="collect_for_name_items_2_all")(
        "for_x_after.join_for_name_items_2"
    )
    for_name_pairs = compute_for_name_pairs(for_x_after_all, for_name_items_2_all)
    name_items = list_name(for_name_pairs["for_name_pairs"])
    note_2_done = note_2.expand_kwargs(name_items)
    for_x_after_after_all = compute_for_x_after_after_all(for_x_after_all)
    x_after_after_items = list_x_after_after(for_x_after_after_all)

    @task_group
    def for_x_after_after(x, condition_, sums):
        if_x_2 = check_x_2_3.override(task_id="check_x_2")(condition_)
        note_done = note_task(sums, x, if_x_2)
        total = plus_2(sums, if_x_2)
        if_x = check_x(x, if_x_2)
        total_2 = double_2(x, if_x)
        total_3 = join_total_3(total_2, if_x_2, if_x)
        total_4 = join_total_4(total, total_3, if_x_2)
        parts_outputs = parts(x)
        condition_2 = compute_condition_2(parts_outputs["error"])
        for_part_2_items = join_for_part_2_items(condition_2, parts_outputs["result"])

        note_done >> total
        total_4 >> parts_outputs

        return total_4, parts_outputs, condition_2, for_part_2_items

    join_total_4_by_item, parts_by_item, compute_condition_2_by_item, join_for_part_2_items_by_item = for_x_after_after.expand_kwargs(x_after_after_items)  # fmt: skip

    total_4_by_x = collected.override(task_id="collect_total_4_by_x")("for_x_after_after.join_total_4")
    parts_error_all = collected.override(task_id="collect_parts_error_all")("for_x_after_after.parts", "error")
    condition_2_all = collected.override(task_id="collect_condition_2_all")("for_x_after_after.compute_condition_2")
    for_part_2_items_all = collected.override(task_id="collect_for_part_2_items_all")(
        "for_x_after_after.join_for_part_2_items"
    )
    for_part_2_pairs = compute_for_part_2_pairs(
        for_x_after_after_all=for_x_after_after_all,
        parts_error_all=parts_error_all,
        condition_2_all=condition_2_all,
        for_part_2_items_all=for_part_2_items_all,
    )
    part_2_items = list_part_2(for_part_2_pairs["for_part_2_pairs"])
    double_3_outputs = double_3.expand(part_2=part_2_items)
    doubled_by_outer = compute_doubled_by_outer(double_3_outputs["result"], for_part_2_pairs["for_part_2_counts"])
    errors_by_outer = compute_errors_by_outer(double_3_outputs["error"], for_part_2_pairs["for_part_2_counts"])
    x_after_after_after_items = list_x_after_after_after(
        for_x_after_after_all=for_x_after_after_all,
        parts_error_all=parts_error_all,
        condition_2_all=condition_2_all,
        doubled_by_outer=doubled_by_outer,
        errors_by_outer=errors_by_outer,
    )

    @task_group
    def for_x_after_after_after(parts_error, condition_2_, doubled, errors):
        going_on_2 = check_going_on_2(condition_2_)
        error_2 = compute_error_2(errors, going_on_2)
        going_on = check_going_on(error_2)
        message_outputs = compute_message(doubled, going_on)
        going_on_joined = join_going_on(
            message=message_outputs["result"],
            message_error=message_outputs["error"],
            error_2=error_2,
            going_on_2=going_on_2,
            going_on=going_on,
        )
        going_on_2_joined = join_going_on_2(
            message_3=going_on_joined["message_3"],
            error_3=going_on_joined["error_3"],
            parts_error=parts_error,
            going_on_2=going_on_2,
        )
        message_2 = join_message_2(going_on_2_joined["error_4"], going_on_2_joined["message_4"])
        return message_2

    join_message_2_by_item = for_x_after_after_after.expand_kwargs(x_after_after_after_items)

    message_2_by_x = collected.override(task_id="collect_message_2_by_x")("for_x_after_after_after.join_message_2")
    compute_result(total_4_by_x, message_2_by_x)

    compute_condition_by_item >> condition_all
    join_x_2_2_by_item >> [base_2_all, for_part_items_all]
    join_for_name_items_2_by_item >> for_name_items_2_all
    note_2_done >> for_x_after_after_all
    join_total_4_by_item >> total_4_by_x >> for_part_2_pairs
    parts_by_item >> parts_error_all
    compute_condition_2_by_item >> condition_2_all
    join_for_part_2_items_by_item >> for_part_2_items_all
    join_message_2_by_item >> message_2_by_x
