"""A step that takes long says so in its log, tells somebody, and goes on; of runs on one's own machine nobody is told."""

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
import threading
import time
from collections.abc import Callable, Generator, Sequence
from datetime import timedelta
from typing import Any
from uuid import uuid4

from airflow.configuration import AIRFLOW_HOME
from airflow.sdk import DAG, ObjectStoragePath, Param, get_current_context, task

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


def watched(limit: timedelta, tell: Callable[[str], Any] | None = None) -> Callable[..., Any]:
    """Warn once an attempt has taken longer than `limit`, tell somebody, and let it go on."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def run(*args: Any, **kwargs: Any) -> Any:
            ti = get_current_context()["ti"]
            message = f"{ti.dag_id}.{ti.task_id} is still running after {limit} (run {ti.run_id})"

            def late() -> None:
                logging.getLogger("airflow.task").warning(message)
                if tell is not None:
                    tell(message)

            timer = threading.Timer(limit.total_seconds(), late)
            timer.daemon = True
            timer.start()
            try:
                return function(*args, **kwargs)
            finally:
                timer.cancel()
                timer.join(30)  # let a message out that is under way, and wait for no longer

        return run

    return decorate


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


CHANNEL = "#ml-alerts"


def page(message: str) -> None:
    """Stands for a message to a chat."""
    with open(os.environ.get("MESSAGES", os.devnull), "a", encoding="utf-8") as file:
        file.write(f"{CHANNEL} {message}\n")


@task(retries=1)
@watched(timedelta(seconds=1), page)
@stored
def train(seconds: float) -> float:
    time.sleep(seconds)
    return seconds * 2


def publish(loss: float, name: str) -> str:
    return f"{name}: {loss}"


@task
@watched(timedelta(minutes=90), page)
@cached("97eea395675bd58e", ttl=timedelta(days=7))
@stored(listed=True)
def score(loss: float) -> list[float]:
    return [loss]


@task(task_id="publish")
@watched(timedelta(hours=2))
@stored
def publish_task(found):
    return publish(found + 1, "model")


with DAG(
    dag_id="settings_deadline",
    schedule=None,
    catchup=False,
    params={
        "seconds": Param(0.0, type="number"),
    },
    doc_md=__doc__,
) as dag:
    loss = train(dag.param("seconds"))
    items = score(loss)
    publish_task.expand(found=items)
