"""Results under the names under which Airflow keeps results of its own, several to a task."""

from __future__ import annotations

import base64
import contextlib
import functools
import logging
import os
import tempfile
from collections.abc import Callable, Generator, Sequence
from typing import Any

from airflow.sdk import DAG, Param, get_current_context, task
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
            result = function(*args, **kwargs)
            outputs = result if options.get("several") else {"result": result}
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
@stored(outputs={"return_value_": (0, "value"), "skipmixin_key_": (1, "value")})
def pair(n: int) -> tuple[int, list[int]]:
    return n, [n + 1]


@task(multiple_outputs=True)
@caught(several=True)
@stored(outputs={"error_2_2": (0, "value"), "return_value_2": (1, "value")})
def risky(n: int) -> tuple[int, int]:
    return 12 // n, n


@task.branch
@stored
def choose_big(n):
    return "compute_result" if n > 2 else "compute_error"


@task
@stored
def compute_result(return_value):
    return [return_value, 1]


@task
@stored
def compute_error(return_value):
    return [return_value]


@task(multiple_outputs=True, trigger_rule="none_failed_min_one_success")
@stored(outputs={"result_2": (0, "value"), "error_2": (1, "value")})
def join_big(n, result, skipmixin_key, error):
    if n > 2:
        return result, skipmixin_key
    return [0], error


@task(multiple_outputs=True)
@stored(outputs={"error_2_3": (0, "value"), "return_value_2_2": (1, "value")})
def join_try_failed(risky_error, error_2_2, return_value_2):
    if risky_error is None:
        return error_2_2, return_value_2
    return 0, risky_error


@task
@stored
def compute_doubled(return_value):
    return [return_value * 2]


@task
@stored
def compute_result_2(return_value, skipmixin_key, result, error, error_2, return_value_2, doubled):
    return [return_value, skipmixin_key, result, error, error_2, return_value_2, doubled]


with DAG(
    dag_id="names_of_results",
    schedule=None,
    catchup=False,
    params={
        "n": Param(3, type="integer"),
    },
    doc_md=__doc__,
) as dag:
    pair_outputs = pair(dag.param("n"))
    if_big = choose_big(dag.param("n"))
    result = compute_result(pair_outputs["return_value_"])
    error = compute_error(pair_outputs["return_value_"])
    big_joined = join_big(n=dag.param("n"), result=result, skipmixin_key=pair_outputs["skipmixin_key_"], error=error)
    risky_outputs = risky(dag.param("n"))
    try_failed_joined = join_try_failed(
        risky_outputs["error"], risky_outputs["error_2_2"], risky_outputs["return_value_2"]
    )
    doubled = compute_doubled(pair_outputs["return_value_"])
    compute_result_2(
        return_value=pair_outputs["return_value_"],
        skipmixin_key=pair_outputs["skipmixin_key_"],
        result=big_joined["result_2"],
        error=big_joined["error_2"],
        error_2=try_failed_joined["error_2_3"],
        return_value_2=try_failed_joined["return_value_2_2"],
        doubled=doubled,
    )

    if_big >> [result, error]
