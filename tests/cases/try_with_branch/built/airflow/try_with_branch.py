"""A branch in a `try`, an early return out of one, and one in an arm."""

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


@task(multiple_outputs=True)
@caught
@stored
def check(n: int) -> int:
    if n == 3:
        raise ValueError("three")
    return n


def deep(n: int) -> int:
    if n == 5:
        raise ValueError("five")
    return n * 10


@task.branch
@stored
def choose_after_check(check_error):
    return "compute_condition" if check_error is None else "join_after_check"


@task(multiple_outputs=True)
@caught
@stored
def compute_condition(found):
    return bool(found > 3)


@task.branch
@stored
def choose_after_condition(condition_error):
    return "choose_found_2" if condition_error is None else "join_after_condition"


@task.branch
@stored
def choose_found_2(condition):
    return "deep" if condition else "compute_condition_2"


@task(task_id="deep", multiple_outputs=True)
@caught(step="deep")
@stored
def deep_task(found):
    return deep(found)


@task(multiple_outputs=True)
@caught
@stored
def compute_condition_2(found):
    return bool(found == 1)


@task.branch
@stored
def choose_after_condition_2(condition_2_error):
    return "join_found" if condition_2_error is None else "join_after_condition_2"


@task(multiple_outputs=True)
@stored(outputs={"result": (0, "value"), "returned": (1, "value")})
def join_found(condition_2):
    if condition_2:
        return "early", True
    return None, False


@task(multiple_outputs=True, trigger_rule="none_failed_min_one_success")
@stored(outputs={"result_9": (0, "value"), "returned_7": (1, "value")})
def join_after_condition_2(result, returned):
    return result, returned


@task(multiple_outputs=True, trigger_rule="none_failed_min_one_success")
@stored(outputs={"result_2": (0, "value"), "returned_2": (1, "value"), "found_3": (2, "value"), "error": (3, "value")})
def join_found_2(condition, found_2, deep_error, result_9, returned_7, found, condition_2_error):
    if condition:
        return None, False, found_2, deep_error
    return result_9, returned_7, found, condition_2_error


@task.branch
@stored
def choose_going_on_2(error):
    return "choose_returned" if error is None else "join_going_on_2"


@task.branch
@stored
def choose_returned(returned_2):
    return "join_returned" if returned_2 else "compute_text"


@task(multiple_outputs=True)
@caught
@stored
def compute_text(found):
    return f"found {found}"


@task(multiple_outputs=True, trigger_rule="none_failed_min_one_success")
@stored(outputs={"result_3": (0, "value"), "returned_3": (1, "value"), "text_2": (2, "value"), "error_2": (3, "value")})
def join_returned(returned_2, result_2, text, text_error):
    if returned_2:
        return result_2, True, None, None
    return None, False, text, text_error


@task(multiple_outputs=True, trigger_rule="none_failed_min_one_success")
@stored(
    outputs={
        "result_3_2": (0, "value"),
        "returned_3_2": (1, "value"),
        "text_2_2": (2, "value"),
        "error_3": (3, "value"),
    },
)
def join_going_on_2(error, result_3, returned_3, text_2, error_2):
    if error is None:
        return result_3, returned_3, text_2, error_2
    return None, None, None, error


@task(multiple_outputs=True, trigger_rule="none_failed_min_one_success")
@stored(
    outputs={
        "result_3_3": (0, "value"),
        "returned_3_3": (1, "value"),
        "text_2_3": (2, "value"),
        "error_4": (3, "value"),
    },
)
def join_after_condition(condition_error, result_3_2, returned_3_2, text_2_2, error_3):
    if condition_error is None:
        return result_3_2, returned_3_2, text_2_2, error_3
    return None, None, None, condition_error


@task(multiple_outputs=True, trigger_rule="none_failed_min_one_success")
@stored(
    outputs={
        "result_3_4": (0, "value"),
        "returned_3_4": (1, "value"),
        "text_2_4": (2, "value"),
        "error_5": (3, "value"),
    },
)
def join_after_check(check_error, result_3_3, returned_3_3, text_2_3, error_4):
    if check_error is None:
        return result_3_3, returned_3_3, text_2_3, error_4
    return None, None, None, check_error


@task.branch
@stored
def choose_try_failed(error_5):
    return "join_try_failed" if error_5 is None else "compute_text_3"


@task
@stored
def compute_text_3(error_5):
    return f"not found: {error_5}"


@task(multiple_outputs=True, trigger_rule="none_failed_min_one_success")
@stored(outputs={"result_4": (0, "value"), "returned_4": (1, "value"), "text_4": (2, "value")})
def join_try_failed(error_5, result_3_4, returned_3_4, text_2_4, text_3):
    if error_5 is None:
        return result_3_4, returned_3_4, text_2_4
    return None, False, text_3


@task.branch
@stored
def choose_returned_3(returned_4):
    return "join_result_8" if returned_4 else "choose_n"


@task.branch
@stored
def choose_n(n):
    return "deep_2" if n > 4 else "join_n"


@task(multiple_outputs=True)
@caught(step="deep")
@stored
def deep_2(n):
    return deep(n - 1)


@task.branch
@stored
def choose_after_deep(deep_error_2):
    return "compute_text_5" if deep_error_2 is None else "join_after_deep"


@task(multiple_outputs=True)
@caught
@stored
def compute_text_5(text, deep_result):
    return text + f", {deep_result}"


@task(multiple_outputs=True, trigger_rule="none_failed_min_one_success")
@stored(outputs={"text_5_2": (0, "value"), "error_6": (1, "value")})
def join_after_deep(deep_error_2, text_5, text_5_error):
    if deep_error_2 is None:
        return text_5, text_5_error
    return None, deep_error_2


@task(multiple_outputs=True)
@stored(outputs={"result_5": (0, "value"), "returned_5": (1, "value"), "text_6": (2, "value")})
def join_try_2_failed(error_6, text_5_2):
    if error_6 is None:
        return None, False, text_5_2
    return "never", True, None


@task(multiple_outputs=True, trigger_rule="none_failed_min_one_success")
@stored(outputs={"result_6": (0, "value"), "returned_6": (1, "value"), "text_7": (2, "value")})
def join_n(n, result_5, returned_5, text_6, text_4):
    if n > 4:
        return result_5, returned_5, text_6
    return None, False, text_4


@task
@stored
def join_result_7(returned_6, result_6, text_7):
    if returned_6:
        return result_6
    return text_7


@task(trigger_rule="none_failed_min_one_success")
@stored
def join_result_8(returned_4, result_4, result_7):
    if returned_4:
        return result_4
    return result_7


with DAG(
    dag_id="try_with_branch",
    schedule=None,
    catchup=False,
    params={
        "n": Param(1, type="integer"),
    },
    doc_md=__doc__,
) as dag:
    check_outputs = check(dag.param("n"))
    after_check = choose_after_check(check_outputs["error"])
    condition_outputs = compute_condition(check_outputs["result"])
    after_condition = choose_after_condition(condition_outputs["error"])
    if_found_2 = choose_found_2(condition_outputs["result"])
    deep_outputs = deep_task(check_outputs["result"])
    condition_2_outputs = compute_condition_2(check_outputs["result"])
    after_condition_2 = choose_after_condition_2(condition_2_outputs["error"])
    found_joined = join_found(condition_2_outputs["result"])
    after_condition_2_joined = join_after_condition_2(found_joined["result"], found_joined["returned"])
    found_2_joined = join_found_2(
        condition=condition_outputs["result"],
        found_2=deep_outputs["result"],
        deep_error=deep_outputs["error"],
        result_9=after_condition_2_joined["result_9"],
        returned_7=after_condition_2_joined["returned_7"],
        found=check_outputs["result"],
        condition_2_error=condition_2_outputs["error"],
    )
    going_on_2 = choose_going_on_2(found_2_joined["error"])
    returned = choose_returned(found_2_joined["returned_2"])
    text_outputs = compute_text(found_2_joined["found_3"])
    returned_joined = join_returned(
        returned_2=found_2_joined["returned_2"],
        result_2=found_2_joined["result_2"],
        text=text_outputs["result"],
        text_error=text_outputs["error"],
    )
    going_on_2_joined = join_going_on_2(
        error=found_2_joined["error"],
        result_3=returned_joined["result_3"],
        returned_3=returned_joined["returned_3"],
        text_2=returned_joined["text_2"],
        error_2=returned_joined["error_2"],
    )
    after_condition_joined = join_after_condition(
        condition_error=condition_outputs["error"],
        result_3_2=going_on_2_joined["result_3_2"],
        returned_3_2=going_on_2_joined["returned_3_2"],
        text_2_2=going_on_2_joined["text_2_2"],
        error_3=going_on_2_joined["error_3"],
    )
    after_check_joined = join_after_check(
        check_error=check_outputs["error"],
        result_3_3=after_condition_joined["result_3_3"],
        returned_3_3=after_condition_joined["returned_3_3"],
        text_2_3=after_condition_joined["text_2_3"],
        error_4=after_condition_joined["error_4"],
    )
    try_failed = choose_try_failed(after_check_joined["error_5"])
    text_3 = compute_text_3(after_check_joined["error_5"])
    try_failed_joined = join_try_failed(
        error_5=after_check_joined["error_5"],
        result_3_4=after_check_joined["result_3_4"],
        returned_3_4=after_check_joined["returned_3_4"],
        text_2_4=after_check_joined["text_2_4"],
        text_3=text_3,
    )
    returned_3 = choose_returned_3(try_failed_joined["returned_4"])
    if_n = choose_n(dag.param("n"))
    deep_2_outputs = deep_2(dag.param("n"))
    after_deep = choose_after_deep(deep_2_outputs["error"])
    text_5_outputs = compute_text_5(try_failed_joined["text_4"], deep_2_outputs["result"])
    after_deep_joined = join_after_deep(deep_2_outputs["error"], text_5_outputs["result"], text_5_outputs["error"])
    try_2_failed_joined = join_try_2_failed(after_deep_joined["error_6"], after_deep_joined["text_5_2"])
    n_joined = join_n(
        n=dag.param("n"),
        result_5=try_2_failed_joined["result_5"],
        returned_5=try_2_failed_joined["returned_5"],
        text_6=try_2_failed_joined["text_6"],
        text_4=try_failed_joined["text_4"],
    )
    result_7 = join_result_7(n_joined["returned_6"], n_joined["result_6"], n_joined["text_7"])
    result_8 = join_result_8(try_failed_joined["returned_4"], try_failed_joined["result_4"], result_7)

    after_check >> [condition_outputs, after_check_joined]
    after_condition >> [if_found_2, after_condition_joined]
    if_found_2 >> [deep_outputs, condition_2_outputs]
    after_condition_2 >> [found_joined, after_condition_2_joined]
    [after_check, after_condition] >> found_2_joined
    going_on_2 >> [returned, going_on_2_joined]
    returned >> text_outputs
    [returned, going_on_2] >> returned_joined
    try_failed >> [text_3, try_failed_joined]
    returned_3 >> [if_n, result_8]
    if_n >> deep_2_outputs
    after_deep >> [text_5_outputs, after_deep_joined]
    [if_n, returned_3] >> n_joined
