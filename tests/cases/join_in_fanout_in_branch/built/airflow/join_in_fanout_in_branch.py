"""Fan-outs in an arm that is not taken, with what comes together inside them: arms of a branch, and a `try`."""

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
from airflow.sdk.exceptions import (
    AirflowFailException,
    AirflowSkipException,
    AirflowTaskTimeout,
)


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


def half(n: int) -> int:
    return n // 2


def triple(n: int) -> int:
    return 3 * n + 1


def note(n: int) -> None:
    """Told."""


@task(task_id="half")
@stored
def half_task():
    return half(9)


@task
@stored
def compute_found(first):
    return [first]


@task.branch
@stored
def choose_go(go):
    return "note" if go else "join_found_3"


@task(task_id="note")
@stored(result=None)
def note_task(first):
    return note(first)


@task(multiple_outputs=True)
@caught(step="half")
@stored(result=None)
def half_2(first_2):
    return half(first_2)


@task
@stored
def check_after_half(half_error):
    return half_error is None


@task(multiple_outputs=True)
@caught
@stored(result=None)
def check_n_3(n_3, after_half):
    if not after_half:
        raise AirflowSkipException("the other branch was taken")
    if n_3 == 7:
        raise AirflowFailException("seven")


@task(trigger_rule="none_failed")
@stored
def join_error(check_error, half_error, after_half):
    if after_half:
        return check_error
    return half_error


@task
@stored(result=None)
def note_2(n_3):
    return note(n_3)


@task
@stored(result=None)
def try_failed(error):
    if error is not None:
        raise AirflowFailException(error)


@task
@stored
def check_n(n):
    return bool(n % 2)


@task(task_id="triple")
@stored
def triple_task(n_2, if_n):
    if not if_n:
        raise AirflowSkipException("the other branch was taken")
    return triple(n_2)


@task
@stored
def half_3(n_2, if_n):
    if if_n is not False:
        raise AirflowSkipException("the other branch was taken")
    return half(n_2)


@task(trigger_rule="none_failed")
@stored
def join_made_5(made_3, made_4, if_n):
    if if_n:
        return made_3
    return made_4


@task
@stored(result=None)
def note_3(made_5):
    return note(made_5)


@task
@stored
def compute_found_2(first):
    return [first, first]


@task(trigger_rule="none_failed_min_one_success")
@stored
def join_found_3(go, found_2, found):
    if go:
        return found_2
    return found


with DAG(
    dag_id="join_in_fanout_in_branch",
    schedule=None,
    catchup=False,
    params={
        "go": Param(False, type="boolean"),
    },
    doc_md=__doc__,
) as dag:
    first = half_task()
    found = compute_found(first)
    if_go = choose_go(dag.param("go"))
    note_done = note_task(first)

    @task_group
    def for_n(n):
        half_2_outputs = half_2(first)
        after_half = check_after_half(half_2_outputs["error"])
        check_n_3_outputs = check_n_3(n, after_half)
        error = join_error(check_n_3_outputs["error"], half_2_outputs["error"], after_half)
        note_2_done = note_2(n)
        try_failed_done = try_failed(error)

        note_done >> half_2_outputs
        if_go >> error >> note_2_done >> try_failed_done

        return try_failed_done

    try_failed_by_item = for_n.expand(n=[3, 4])

    @task_group
    def for_n_2(n_2):
        if_n = check_n(n_2)
        made_3 = triple_task(n_2, if_n)
        made_4 = half_3(n_2, if_n)
        made_5 = join_made_5(made_3, made_4, if_n)
        note_3_done = note_3(made_5)

        try_failed_by_item >> if_n
        if_go >> made_5

        return note_3_done

    note_3_by_item = for_n_2.expand(n_2=[3, 4])

    found_2 = compute_found_2(first)
    found_3 = join_found_3(dag.param("go"), found_2, found)

    found >> if_go >> [note_done, found_3]
    note_3_by_item >> found_2
