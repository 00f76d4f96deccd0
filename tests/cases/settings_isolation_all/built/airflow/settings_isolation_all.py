"""All steps in virtual environments of their own: failures, arrays, folders, variables and retries arrive all the same."""

from __future__ import annotations

import base64
import contextlib
import fcntl
import functools
import hashlib
import inspect
import io
import json
import logging
import os
import pickle
import shutil
import subprocess
import sys
import tempfile
import time
import types
from collections.abc import Callable, Generator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from airflow.configuration import AIRFLOW_HOME
from airflow.providers.standard.utils.python_virtualenv import prepare_virtualenv
from airflow.sdk import DAG, ObjectStoragePath, Param, get_current_context, task
from airflow.sdk.exceptions import AirflowTaskTimeout

ARTIFACTS = ObjectStoragePath(os.environ.get("ARTIFACT_ROOT", f"file://{AIRFLOW_HOME}/artifacts"))
STEPS = Path(__file__).with_name("settings_isolation_all_steps.py")


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
        read = fetch
        with empty_folder():
            try:
                value = function(*map(read, args), **{key: read(given) for key, given in kwargs.items()})
            except SystemExit as error:  # Airflow would take exit(0) for a success
                raise RuntimeError(f"the step ended its process with status {error.code}") from error
            if "outputs" in options:
                parts = {key: (select(value, where), form) for key, (where, form) in options["outputs"].items()}
                return {key: sent(part, form, key) for key, (part, form) in parts.items()}
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


def select(value: Any, where: int | str | None) -> Any:
    """Give the whole of a result, the element at an index, or an attribute."""
    if where is None:
        return value
    return value[where] if isinstance(where, int) else getattr(value, where)


def put(value: Any, form: Any, key: str, ti: Any) -> Any:
    """Store the artifacts in `value`, and give their paths in the same collections."""
    if value is None or form == "value":
        return value
    folder = ARTIFACTS / ti.dag_id / ti.run_id / ti.task_id / str(ti.map_index) / str(ti.try_number)
    folder.mkdir(parents=True, exist_ok=True)
    return put_file(Path(value), folder / key) if form == "file" else put_object(value, form, folder / key)


def fetch(value: Any) -> Any:
    """Take a value or artifact, or a collection of them, from XCom."""
    return read_artifacts(from_xcom(value))


def read_artifacts(value: Any) -> Any:
    """Replace the paths in `value`, at any depth, by what they stand for."""
    if isinstance(value, ObjectStoragePath):
        # objects lie in the folder of an attempt, files one level below
        return read_object(value) if value.parent.name.isdigit() else read_file(value)
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


def put_object(value: Any, form: str, path: ObjectStoragePath) -> ObjectStoragePath:
    """Store an object in the form asked for where that keeps it exactly, else pickled."""
    data = None
    if form == "npy":
        data = as_npy(value)
    target = path.parent / f"{path.name}.{'pickle' if data is None else form}"
    target.write_bytes(pickled(value) if data is None else data)
    return target


def read_object(path: ObjectStoragePath) -> Any:
    """Read an object back."""
    if path.suffix == ".npy":
        import numpy

        return numpy.load(io.BytesIO(path.read_bytes()), allow_pickle=False)
    return Unpickler(io.BytesIO(path.read_bytes())).load()


class Pickler(pickle.Pickler):
    """Names classes and functions of this file without its module, which Airflow gives another name in every deployment."""

    def persistent_id(self, obj: Any) -> str | None:
        """The name of a class or function of this file."""
        named = isinstance(obj, type) or (isinstance(obj, types.FunctionType) and "<" not in obj.__qualname__)
        return obj.__qualname__ if named and obj.__module__ == __name__ else None


class Unpickler(pickle.Unpickler):
    """Reads what `Pickler` has written."""

    def persistent_load(self, pid: str) -> Any:
        """The class or function of this file called `pid`."""
        first, *rest = pid.split(".")
        return functools.reduce(getattr, rest, globals()[first])


def pickled(value: Any) -> bytes:
    """Give `value` as a pickle."""
    data = io.BytesIO()
    Pickler(data, protocol=5).dump(value)
    return data.getvalue()


def as_npy(array: Any) -> bytes | None:
    """Give an array as NPY, or nothing where it would come back changed."""
    import numpy

    if type(array) is not numpy.ndarray or array.dtype.hasobject:
        return None
    data = io.BytesIO()
    numpy.save(data, array, allow_pickle=False)
    return data.getvalue()


def with_environment(variables: dict[str, str]) -> Callable[..., Any]:
    """Set environment variables while a task runs."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def run(*args: Any, **kwargs: Any) -> Any:
            before = dict(os.environ)
            os.environ.update(variables)
            try:
                return function(*args, **kwargs)
            finally:
                os.environ.clear()
                os.environ.update(before)

        return run

    return decorate


def isolated(requirements: Sequence[str] = (), python: str = sys.executable) -> Callable[..., Any]:
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
                if answer["several"]:
                    return {key: handed_on(value, folder) for key, value in answer["result"].items()}
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
        return {**outputs, "error": sent(message, "value", "error")}

    return run


def message_of(error: BaseException, step: str) -> str:
    """Say why a step has failed."""
    left = error.__cause__
    if isinstance(error, RuntimeError) and isinstance(left, SystemExit):
        return f"step {step!r} called sys.exit({left.code!r})"
    return str(error)


@task
@cached("b7a551c0a8e9af44-1")
@with_environment({"UNIT": "m"})
@isolated()
def lengths(n):
    """In settings_isolation_all_steps.py."""


@task(multiple_outputs=True)
@isolated()
def parts(array):
    """In settings_isolation_all_steps.py."""


@task(task_id="limits", multiple_outputs=True)
@caught(step="limits")
@isolated()
def limits_task(array):
    """In settings_isolation_all_steps.py."""


@task.branch
@stored
def choose_after_limits(limits_error):
    return "risky" if limits_error is None else "join_after_limits"


@task(multiple_outputs=True, retries=1)
@caught
@isolated()
def risky(found):
    """In settings_isolation_all_steps.py."""


@task(multiple_outputs=True, trigger_rule="none_failed_min_one_success")
@stored(outputs={"found_2_2": (0, "value"), "error_2": (1, "value")})
def join_after_limits(limits_error, found_2, risky_error):
    if limits_error is None:
        return found_2, risky_error
    return None, limits_error


@task.branch
@stored
def choose_try_failed(error_2):
    return "join_found_4" if error_2 is None else "told"


@task
@isolated()
def told(message):
    """In settings_isolation_all_steps.py."""


@task(trigger_rule="none_failed_min_one_success")
@stored
def join_found_4(error_2, found_2_2, found_3):
    if error_2 is None:
        return found_2_2
    return found_3


@task
@isolated()
def folder(array):
    """In settings_isolation_all_steps.py."""


@task
@isolated()
def rows(made):
    """In settings_isolation_all_steps.py."""


@task
@isolated()
def limits_2(last):
    """In settings_isolation_all_steps.py."""


@task
@isolated()
def span(found):
    """In settings_isolation_all_steps.py."""


@task(multiple_outputs=False)
@stored
def compute_result(found, rows_result, span_result):
    return {"found": found, "rows": rows_result, "high": span_result}


with DAG(
    dag_id="settings_isolation_all",
    schedule=None,
    catchup=False,
    params={
        "n": Param(2, type="integer"),
    },
    doc_md=__doc__,
) as dag:
    array = lengths(dag.param("n"))
    parts_outputs = parts(array)
    limits_outputs = limits_task(array)
    after_limits = choose_after_limits(limits_outputs["error"])
    risky_outputs = risky(limits_outputs["result"])
    after_limits_joined = join_after_limits(limits_outputs["error"], risky_outputs["result"], risky_outputs["error"])
    try_failed = choose_try_failed(after_limits_joined["error_2"])
    found_3 = told(after_limits_joined["error_2"])
    found_4 = join_found_4(after_limits_joined["error_2"], after_limits_joined["found_2_2"], found_3)
    made = folder(parts_outputs["first"])
    rows_result = rows(made)
    found_5 = limits_2(parts_outputs["last"])
    span_result = span(found_5)
    compute_result(found_4, rows_result, span_result)

    after_limits >> [risky_outputs, after_limits_joined]
    try_failed >> [found_3, found_4]
