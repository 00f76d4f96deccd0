"""An effect waits for the branches above it, and runs whichever arm did: also where nothing hands on a value."""

from __future__ import annotations

import base64
import contextlib
import functools
import os
import tempfile
from collections.abc import Callable, Generator, Sequence
from typing import Any

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, Param, get_current_context, task, task_group
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException


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


def text(n: int) -> str:
    return str(n)


def note(n: int) -> None:
    return None


@task.branch
@stored
def choose_n(n):
    return "join_n" if n > 5 else "text"


@task
@stored(result=None)
def text_task(n):
    return text(n)


@task
@stored(result=None)
def note_task(n):
    return note(n)


@task.branch
@stored
def choose_n_3(n):
    return ["text_2", "choose_n_2"] if n > 3 else "join_n_3"


@task
@stored
def text_2(n):
    return text(n)


@task.branch
@stored
def choose_n_2(n):
    return "text_3" if n > 4 else "join_kept_3"


@task
@stored
def text_3(n):
    return text(n + 1)


@task(trigger_rule="none_failed_min_one_success")
@stored
def join_kept_3(n, kept_2, kept):
    if n > 4:
        return kept_2
    return kept


@task
@stored(result=None)
def note_2(kept):
    return note(len(kept))


@task
@stored(result=None)
def check_n(n, limit):
    if not n < limit:
        raise AirflowFailException(f"{n} is not below {limit}")


@task
@stored
def list_x(n):
    return list((n, 1))


@task
@stored
def check_x(x):
    return bool(x > 5)


@task
@stored(result=None)
def text_4(x, if_x):
    if not if_x:
        raise AirflowSkipException("the other branch was taken")
    return text(x)


@task(trigger_rule="none_failed")
@stored(result=None)
def join_x():
    pass


@task
@stored(result=None)
def note_3(x):
    return note(x)


@task
@stored
def check_n_4(n):
    return bool(n > 1)


@task
@stored(result=None)
def text_5(n_2, if_n_4):
    if not if_n_4:
        raise AirflowSkipException("the other branch was taken")
    return text(n_2)


@task.short_circuit(trigger_rule="none_failed", ignore_downstream_trigger_rules=False)
@stored
def choose_n_6(n):
    return bool(n > 100)


@task.branch
@stored
def choose_n_5(n):
    return "text_6" if n > 200 else "join_n_5"


@task
@stored
def check_x_2(x, n):
    return bool(x > n)


@task(task_id="n")
def parameter(value):
    return value


@task
@stored(result=None)
def text_7(x_2, if_x_2):
    if not if_x_2:
        raise AirflowSkipException("the other branch was taken")
    return text(x_2)


with DAG(
    dag_id="effect_after_branch",
    schedule=None,
    catchup=False,
    params={
        "n": Param(7, type="integer"),
        "limit": Param(9, type="integer"),
    },
    doc_md=__doc__,
) as dag:
    n = parameter(dag.param("n"))
    if_n = choose_n(dag.param("n"))
    text_done = text_task.override(task_id="text")(dag.param("n"))
    join_n = EmptyOperator(task_id="join_n", trigger_rule="none_failed_min_one_success")
    note_done = note_task.override(task_id="note")(dag.param("n"))
    if_n_3 = choose_n_3(dag.param("n"))
    kept = text_2(dag.param("n"))
    if_n_2 = choose_n_2(dag.param("n"))
    kept_2 = text_3(dag.param("n"))
    kept_3 = join_kept_3(dag.param("n"), kept_2, kept)
    note_2_done = note_2(kept_3)
    join_n_3 = EmptyOperator(task_id="join_n_3", trigger_rule="none_failed_min_one_success")
    check_n_done = check_n(dag.param("n"), dag.param("limit"))
    x_items = list_x(dag.param("n"))

    @task_group
    def for_x(x):
        if_x = check_x(x)
        text_4_done = text_4(x, if_x)
        x_joined = join_x()
        note_3_done = note_3(x)
        if_n_4 = check_n_4(x)
        text_5_done = text_5(x, if_n_4)
        n_4_joined = join_x.override(task_id="join_n_4")()
        note_4_done = note_3.override(task_id="note_4")(x)

        text_4_done >> x_joined >> note_3_done >> if_n_4
        text_5_done >> n_4_joined >> note_4_done

        return note_4_done

    note_4_by_item = for_x.expand(x=x_items)

    if_n_6 = choose_n_6(dag.param("n"))
    if_n_5 = choose_n_5(dag.param("n"))
    text_6_done = text_task.override(task_id="text_6")(dag.param("n"))
    join_n_5 = EmptyOperator(task_id="join_n_5", trigger_rule="none_failed_min_one_success")
    note_5_done = note_task.override(task_id="note_5", trigger_rule="none_failed")(dag.param("n"))

    @task_group
    def for_x_2(x_2):
        if_x_2 = check_x_2(x_2, n)
        text_7_done = text_7(x_2, if_x_2)

        note_5_done >> if_x_2

        return text_7_done

    text_7_by_item = for_x_2.expand(x_2=[1, 2])

    note_6_done = note_task.override(task_id="note_6", trigger_rule="none_failed")(dag.param("n"))

    if_n >> text_done
    [if_n, text_done] >> join_n >> note_done >> if_n_3 >> [kept, if_n_2]
    if_n_2 >> [kept_2, kept_3]
    [note_2_done, if_n_3] >> join_n_3 >> check_n_done >> x_items
    note_4_by_item >> if_n_6 >> if_n_5 >> text_6_done
    [text_6_done, if_n_5] >> join_n_5 >> note_5_done
    text_7_by_item >> note_6_done

    # Result: dag.param("n")
