"""A cache that expires, of a step that is called in a loop, in a branch, in a sub-pipeline and in a `try`."""

from __future__ import annotations

import base64
import contextlib
import functools
import hashlib
import inspect
import json
import logging
import os
import tempfile
import time
from collections.abc import Callable, Generator, Sequence
from datetime import timedelta
from typing import Any
from uuid import uuid4

from airflow.configuration import AIRFLOW_HOME
from airflow.sdk import (
    DAG,
    ObjectStoragePath,
    Param,
    TaskGroup,
    get_current_context,
    task,
)
from airflow.sdk.exceptions import AirflowTaskTimeout

ARTIFACTS = ObjectStoragePath(os.environ.get("ARTIFACT_ROOT", f"file://{AIRFLOW_HOME}/artifacts"))


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
            if options.get("listed") and not isinstance(value, list):
                raise TypeError(f"{function.__name__} promises a list to map over, and returned {type(value).__name__}")
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


def cached(version: str, *, ttl: timedelta | None = None, ignore: tuple[str, ...] = ()) -> Callable[..., Any]:
    """Reuse the result of an earlier run that had equal inputs and the same `version` of the code."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def run(*args: Any, **kwargs: Any) -> Any:
            given = inspect.signature(function).bind(*args, **kwargs).arguments
            inputs = {name: fingerprint(value) for name, value in given.items() if name not in ignore}
            digest = hashlib.sha256(json.dumps([version, inputs], sort_keys=True).encode()).hexdigest()
            folder = ARTIFACTS / "cache" / function.__name__
            entry = folder / f"{digest}.json"
            if entry.exists():
                found = json.loads(entry.read_text())
                if ttl is None or time.time() - found["time"] < ttl.total_seconds():
                    logging.getLogger("airflow.task.cache").warning("reusing %s", entry)
                    return found["result"]
            result = function(*args, **kwargs)
            folder.mkdir(parents=True, exist_ok=True)
            draft = folder / f"{digest}.{uuid4().hex}"  # another run may write the same entry
            draft.write_text(json.dumps({"time": time.time(), "result": result}))
            draft.rename(entry)
            return result

        return run

    return decorate


def fingerprint(value: Any) -> Any:
    """Describe an input by its content."""
    if isinstance(value, dict):
        return {key: fingerprint(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [fingerprint(item) for item in value]
    return value


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


@task
@stored(listed=True)
def limits(n: int) -> list[int]:
    return list(range(n))


def load(n: int) -> int:
    return n + 1


@task
@cached("3cc32e8a3e8ae7aa-2", ttl=timedelta(days=7))
@stored
def describe(n: int) -> str:
    return f"{n} rows"


@task(task_id="load")
@cached("41b2e38527b448ec", ttl=timedelta(days=7))
@stored
def load_task(i):
    return load(i)


@task
@cached("97185264ab966e09", ttl=timedelta(days=7))
@stored
def load_2(i_2):
    return load(i_2)


@task(trigger_rule="none_failed")
@stored
def compute_total(found, fixed):
    return sum(found) + sum(fixed)


@task.branch
@stored
def choose_total(total):
    return "load_3" if total > 30 else "join_total_3"


@task
@cached("5b890c24e6802888", ttl=timedelta(days=7))
@stored
def load_3(total):
    return load(total)


@task(trigger_rule="none_failed_min_one_success")
@stored
def join_total_3(total, total_2):
    if total > 30:
        return total_2
    return total


@task(multiple_outputs=True)
@caught(step="load")
@cached("a1d25064c050f90c", ttl=timedelta(days=7))
@stored
def load_4(total_3):
    return load(total_3)


@task
@stored
def join_last_2(load_error, last):
    if load_error is None:
        return last
    return 0


@task
@cached("491aea6e7b270fd7", ttl=timedelta(days=7))
@stored
def load_5(n_2):
    return load(n_2)


@task
@cached("68e09c87a01041ee", ttl=timedelta(days=7))
@stored
def load_6(n_3):
    return load(n_3)


@task
@stored
def compute_result(describe_result, describe_result_):
    return [describe_result, describe_result_]


with DAG(
    dag_id="settings_cache_nested",
    schedule=None,
    catchup=False,
    params={
        "n": Param(3, type="integer"),
    },
    doc_md=__doc__,
) as dag:
    items = limits(dag.param("n"))
    found = load_task.expand(i=items)
    fixed = load_2.expand(i_2=[10, 20])
    total = compute_total(found, fixed)
    if_total = choose_total(total)
    total_2 = load_3(total)
    total_3 = join_total_3(total, total_2)
    load_4_outputs = load_4(total_3)
    last_2 = join_last_2(load_4_outputs["error"], load_4_outputs["result"])

    with TaskGroup("twice"):
        n_3 = load_5(dag.param("n"))
        load_result_3 = load_6(n_3)

    describe_result = describe(load_result_3)
    describe_result_2 = describe.override(task_id="describe_2")(last_2)
    compute_result(describe_result, describe_result_2)

    if_total >> [total_2, total_3]
