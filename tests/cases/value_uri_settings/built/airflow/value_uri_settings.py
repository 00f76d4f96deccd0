"""The address of a file for a step that has a cache, and for one in a virtual environment: only the text gets there.

It is an argument like any other: a result is reused only where the file is the very same one, at the same address.
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import functools
import hashlib
import inspect
import json
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from airflow.configuration import AIRFLOW_HOME
from airflow.providers.standard.utils.python_virtualenv import prepare_virtualenv
from airflow.sdk import (
    DAG,
    ObjectStoragePath,
    Param,
    get_current_context,
    task,
    task_group,
)

ARTIFACTS = ObjectStoragePath(os.environ.get("ARTIFACT_ROOT", f"file://{AIRFLOW_HOME}/artifacts"))
STEPS = Path(__file__).with_name("value_uri_settings_steps.py")


def to_xcom(value: Any) -> Any:
    """Give `value` in a form that XCom keeps exactly: as it is, or under a tag where JSON or a database would change it."""
    if type(value).__module__ == "numpy" and type(value.item() if value.ndim == 0 else value) is not type(value):
        value = value.item()
    if value is None or isinstance(value, (bool, ObjectStoragePath)):
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
    """Let a task take and give exact values by XCom, and artifacts by their paths in the artifact store.

    The options say what of its result is an artifact. Every attempt runs in an empty folder of its own.
    """
    if function is None:
        return functools.partial(stored, **options)

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        read = from_xcom if options.get("lazy") else fetch  # lazy: the task itself fetches what it picks
        with empty_folder():
            try:
                value = function(*map(read, args), **{key: read(given) for key, given in kwargs.items()})
            except SystemExit as error:  # Airflow would take exit(0) for a success
                raise RuntimeError(f"the step ended its process with status {error.code}") from error
            return sent(value, options.get("result", "value"), "result")

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


def sent(value: Any, form: Any, key: str) -> Any:
    """Give the XCom of one result."""
    ti = get_current_context()["ti"]
    try:
        packed = to_xcom(put(value, form, key, ti))
    except TypeError as error:
        raise TypeError(
            f"a result of {ti.task_id} cannot travel as a value: {error}; annotate it with its own type to store it"
        ) from error
    if packed is None and ti.map_index >= 0:  # without an XCom a mapped task would lose its place in the list
        return {"$none": True}
    # SQLite takes a column that holds nothing but 3.0 for an integer
    return {"$float": repr(packed)} if isinstance(packed, float) and packed.is_integer() else packed


def put(value: Any, form: Any, key: str, ti: Any) -> Any:
    """Store the artifacts in `value`, and give their paths in the same collections."""
    if value is None or form == "value":
        return value
    folder = ARTIFACTS / ti.dag_id / ti.run_id / ti.task_id / str(ti.map_index) / str(ti.try_number)
    folder.mkdir(parents=True, exist_ok=True)
    return put_file(Path(value), folder / key)


def fetch(value: Any) -> Any:
    """Take a value or artifact, or a collection of them, from XCom."""
    return read_artifacts(from_xcom(value))


def read_artifacts(value: Any) -> Any:
    """Replace the paths in `value`, at any depth, by what they stand for."""
    if isinstance(value, ObjectStoragePath):
        return read_file(value)
    if isinstance(value, (list, tuple)):
        return type(value)(read_artifacts(item) for item in value)
    if isinstance(value, dict):
        return {key: read_artifacts(item) for key, item in value.items()}
    return value


def put_file(source: Path, folder: ObjectStoragePath) -> ObjectStoragePath:
    """Store a file or folder under its own name."""
    if not source.exists():
        raise FileNotFoundError(f"the step returned {str(source)!r}, which is not there")
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / source.resolve().name
    target.fs.put(str(source.resolve()), target.path, recursive=source.is_dir())
    return target


def read_file(path: ObjectStoragePath) -> Path:
    """Copy a file or folder out of the store, beside the working folder."""
    target = Path(tempfile.mkdtemp(dir=Path.cwd().parent)) / path.name
    path.fs.get(path.path, str(target), recursive=path.is_dir())
    return target


def isolated_(requirements: Sequence[str] = (), python: str = sys.executable) -> Callable[..., Any]:
    """Run a task in a virtual environment of its own, without Airflow: its code is in the module beside this file.

    Every attempt runs in an empty folder of its own.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def run(*args: Any, **kwargs: Any) -> Any:
            with empty_folder():
                folder = Path.cwd().parent
                call = {"args": brought(args), "kwargs": {name: brought(given) for name, given in kwargs.items()}}
                (folder / "call.json").write_text(json.dumps(call))
                command = [virtualenv(python, requirements), str(STEPS), function.__name__, str(folder)]
                status = subprocess.run(command, check=False).returncode
                if status:
                    raise RuntimeError(f"the process of the step has ended with status {status}")
                answer = json.loads((folder / "answer.json").read_text())
                if "exit" in answer:
                    left = SystemExit(answer["exit"])
                    raise RuntimeError(f"the step ended its process with status {left.code}") from left
                if "error" in answer:
                    raise RuntimeError(answer["error"])
                return handed_on(answer["result"], folder)

        return run

    return decorate


def virtualenv(python: str, requirements: Sequence[str]) -> str:
    """Give the interpreter of a virtual environment with these packages; each worker makes it once."""
    digest = hashlib.sha256(json.dumps([python, *requirements]).encode()).hexdigest()[:16]
    home = Path(os.environ.get("VIRTUALENVS", Path(AIRFLOW_HOME) / "virtualenvs")) / digest
    ready = home.with_suffix(".ready")
    home.parent.mkdir(parents=True, exist_ok=True)
    with open(home.with_suffix(".lock"), "w") as lock:  # another task may be making the same one
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not ready.exists():
            shutil.rmtree(home, ignore_errors=True)
            prepare_virtualenv(str(home), python, system_site_packages=False, requirements=list(requirements))
            ready.touch()
    return str(home / "bin" / "python")


def brought(value: Any) -> Any:
    """Give what comes from XCom as JSON, and artifacts as paths of copies beside the working folder."""
    if isinstance(value, ObjectStoragePath):
        target = Path(tempfile.mkdtemp(dir=Path.cwd().parent)) / value.name
        value.fs.get(value.path, str(target), recursive=value.is_dir())
        # objects lie in the folder of an attempt, files one level below
        return {"$object" if value.parent.name.isdigit() else "$file": str(target)}
    if isinstance(value, dict):
        return {key: brought(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [brought(item) for item in value]
    return value


def handed_on(value: Any, folder: Path) -> Any:
    """Give the XCom of one result, with its artifacts in the store."""
    ti = get_current_context()["ti"]
    target = ARTIFACTS / ti.dag_id / ti.run_id / ti.task_id / str(ti.map_index) / str(ti.try_number)
    for made in (folder / "result").glob("*"):
        target.mkdir(parents=True, exist_ok=True)
        target.fs.put(str(made), (target / made.name).path, recursive=made.is_dir())
    return sent(from_xcom(placed(value, target)), "value", "result")


def placed(value: Any, folder: ObjectStoragePath) -> Any:
    """Replace the paths in `value`, at any depth, by those in the store."""
    if isinstance(value, dict):
        if "$path" in value:
            return folder / value["$path"]
        return {key: placed(item, folder) for key, item in value.items()}
    return [placed(item, folder) for item in value] if isinstance(value, list) else value


def cached_(version: str, *, ttl: timedelta | None = None, ignore: tuple[str, ...] = ()) -> Callable[..., Any]:
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
                if (ttl is None or time.time() - found["time"] < ttl.total_seconds()) and complete(found["result"]):
                    logging.getLogger("airflow.task.cache").warning("reusing %s", entry)
                    return restored(found["result"])
            result = function(*args, **kwargs)
            folder.mkdir(parents=True, exist_ok=True)
            draft = folder / f"{digest}.{uuid4().hex}"  # another run may write the same entry
            draft.write_text(json.dumps({"time": time.time(), "result": recorded(result)}))
            draft.rename(entry)
            return result

        return run

    return decorate


def fingerprint(value: Any) -> Any:
    """Describe an input by its content."""
    if isinstance(value, ObjectStoragePath):
        files = [path for path in sorted(value.rglob("*"), key=str) if path.is_file()] if value.is_dir() else [value]
        parts = [(str(path)[len(str(value)) :], hashlib.sha256(path.read_bytes()).hexdigest()) for path in files]
        return [value.name, parts]
    if isinstance(value, dict):
        return {key: fingerprint(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [fingerprint(item) for item in value]
    return value


def recorded(value: Any) -> Any:
    """Write paths as text."""
    if isinstance(value, ObjectStoragePath):
        return {"$path": str(value)}
    if isinstance(value, dict):
        return {key: recorded(item) for key, item in value.items()}
    return [recorded(item) for item in value] if isinstance(value, list) else value


def restored(value: Any) -> Any:
    """Give back what `recorded` was given."""
    if isinstance(value, dict):
        return ObjectStoragePath(value["$path"]) if "$path" in value else {k: restored(v) for k, v in value.items()}
    return [restored(item) for item in value] if isinstance(value, list) else value


def complete(value: Any) -> bool:
    """Whether all artifacts of an entry are still there."""
    if isinstance(value, dict) and "$path" in value:
        return bool(ObjectStoragePath(value["$path"]).exists())
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return all(complete(item) for item in items)


def uri_of(path: ObjectStoragePath) -> str:
    """Give the address of a file or folder in the store, as other programs know it: without Airflow's connection."""
    return f"{path.protocol}://{path.path}"


def write(text: str) -> Path:
    file = Path(f"{len(text)}.txt")
    file.write_text(text, encoding="utf-8")
    return file


def text_at(uri: str) -> str:
    import fsspec

    with fsspec.open(uri, "r", encoding="utf-8") as file:
        return str(file.read())


@task
@cached_("0ac7fb1a22e8451c-2")
@stored
def cached(uri: str, file: Path) -> list[str]:
    return [text_at(uri), file.read_text(encoding="utf-8"), file.name]


@task(task_id="write")
@cached_("0319f5dfcf59f78c")
@stored(result="file")
def write_task(text):
    return write(text)


@task
@cached_("db1bed34d45dc012")
@stored(result="file")
def write_2(text, i):
    return write(text * (i + 1))


@task
@stored
def list_i(count):
    return list(range(count))


@task(task_id="text")
def parameter(value):
    return value


@task(trigger_rule="none_failed")
@stored(lazy=True)
def compute_uri_of_each(each):
    return uri_of(each)


@task
@isolated_(requirements=["fsspec"])
def length(uri):
    """In value_uri_settings_steps.py."""


@task(task_id="collect_lengths", trigger_rule="none_failed")
def collected(task_id, key="return_value"):
    """List what a task of a mapped group gave for each item; as an argument one item would be no list."""
    values = get_current_context()["ti"].xcom_pull(task_ids=[task_id], key=key)
    return [value for value in values if value is not None]


@task
@stored(lazy=True)
def compute_uri_of_file(file):
    return uri_of(file)


@task
@isolated_(requirements=["fsspec"])
def isolated(uri, file, other):
    """In value_uri_settings_steps.py."""


@task
@stored
def compute_result(cached_result, isolated_result, lengths):
    return [cached_result, isolated_result, lengths]


with DAG(
    dag_id="value_uri_settings",
    schedule=None,
    catchup=False,
    params={
        "text": Param("abc", type="string"),
        "count": Param(2, type="integer"),
    },
    doc_md=__doc__,
) as dag:
    text = parameter(dag.param("text"))
    file = write_task(dag.param("text"))
    i_items = list_i(dag.param("count"))
    files = write_2.partial(text=text).expand(i=i_items)

    @task_group
    def for_each(each):
        uri_of_each = compute_uri_of_each(each)
        length_result = length(uri_of_each)
        return length_result

    length_by_item = for_each.expand(each=files)

    lengths = collected("for_each.length")
    uri_of_file = compute_uri_of_file(file)
    cached_result = cached(uri_of_file, file)
    uri_of_file_2 = compute_uri_of_file.override(task_id="compute_uri_of_file_2")(file)
    isolated_result = isolated(uri_of_file_2, file, uri_of_file_2)
    compute_result(cached_result, isolated_result, lengths)

    length_by_item >> lengths
