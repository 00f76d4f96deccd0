"""`fuse="auto"`: a step shares the task of the one before it where nothing but the number of tasks is different."""

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


def read(n: int) -> list[int]:
    return list(range(n))


def doubled(numbers: list[int]) -> list[int]:
    return [2 * number for number in numbers]


def total(numbers: list[int], start: int = 0) -> int:
    return sum(numbers, start)


@task(multiple_outputs=False, retries=1)
@stored
def fetched(number: int) -> dict[str, int]:
    return {"number": number}


@task
@stored
def label(found: dict[str, int]) -> str:
    return f"number {found['number']}"


@task
@stored(result=None)
def announce(text: str) -> None:
    print(text)


def shout(text: str) -> str:
    return text.upper()


@task
@stored
def doubled_and_total(number, numbers_3, n: int) -> int:
    numbers_4 = doubled([number, *numbers_3])
    return total(numbers_4, n)


@task
@stored
def shout_and_shout(text: str) -> str:
    text_2 = shout(text)
    return shout(text_2)


@task
@stored
def read_doubled_and_total(n: int) -> int:
    numbers = read(n)
    numbers_2 = doubled(numbers)
    return total(numbers_2)


@task
@stored
def read_2(n):
    return read(n + 1)


@task
@stored
def list_number(n):
    return list(range(n))


@task(task_id="n")
def parameter(value):
    return value


@task.branch(trigger_rule="none_failed")
@stored
def choose_first(first):
    return "shout" if first > 5 else "shout_and_shout"


@task(task_id="shout")
@stored
def shout_task(text):
    return shout(f"{text}!")


@task(trigger_rule="none_failed_min_one_success")
@stored
def join_loud_3(loud, loud_2):
    return loud if loud is not None else loud_2


@task(trigger_rule="none_failed")
@stored
def compute_result(first, again, text, loud):
    return [first, again, text, loud]


with DAG(
    dag_id="settings_fuse_auto",
    schedule=None,
    catchup=False,
    params={
        "n": Param(4, type="integer"),
    },
    doc_md=__doc__,
) as dag:
    n = parameter(dag.param("n"))
    first = read_doubled_and_total(dag.param("n"))
    numbers_3 = read_2(dag.param("n"))
    number_items = list_number(dag.param("n"))
    again = doubled_and_total.partial(numbers_3=numbers_3, n=n).expand(number=number_items)
    found = fetched(first)
    text = label(found)
    if_first = choose_first(first)
    loud = shout_task(text)
    announce_done = announce(loud)
    loud_2 = shout_and_shout(text)
    loud_3 = join_loud_3(loud, loud_2)
    compute_result(first=first, again=again, text=text, loud=loud_3)

    [again, text] >> if_first >> [loud, loud_2]
    announce_done >> loud_3
