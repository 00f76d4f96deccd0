"""Steps with packages and a Python version of their own, among others that have none."""

from __future__ import annotations

import base64
import contextlib
import fcntl
import functools
import hashlib
import json
import os
import pickle
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Any

from airflow.configuration import AIRFLOW_HOME
from airflow.providers.standard.utils.python_virtualenv import prepare_virtualenv
from airflow.sdk import DAG, ObjectStoragePath, Param, get_current_context, task

ARTIFACTS = ObjectStoragePath(os.environ.get("ARTIFACT_ROOT", f"file://{AIRFLOW_HOME}/artifacts"))
STEPS = Path(__file__).with_name("settings_isolation_steps.py")


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
            if options.get("listed") and not isinstance(value, list):
                raise TypeError(f"{function.__name__} promises a list to map over, and returned {type(value).__name__}")
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
    """Store an object."""
    target = path.parent / f"{path.name}.{form}"
    target.write_bytes(pickle.dumps(value, protocol=5))
    return target


def read_object(path: ObjectStoragePath) -> Any:
    """Read an object back."""
    return pickle.loads(path.read_bytes())


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


@task
@stored(listed=True)
def numbers(n: int) -> list[int]:
    return list(range(n))


@task
@stored
def read(file: Path) -> str:
    return file.read_text()


@task
@stored
def total(array) -> int:
    return int(array.sum())


@task
@isolated(requirements=["numpy==1.26.4"])
def squares(values, offset=...):
    """In settings_isolation_steps.py."""


@task(multiple_outputs=True)
@isolated(requirements=["numpy==1.26.4"])
def bounds(array):
    """In settings_isolation_steps.py."""


@task(task_id="half")
@isolated()
def half_task(value):
    """In settings_isolation_steps.py."""


@task
@isolated()
def write(low, mean, *, title=...):
    """In settings_isolation_steps.py."""


@task(multiple_outputs=False, trigger_rule="none_failed")
@stored
def compute_result(read_result, total_result, halves):
    return {"text": read_result, "total": total_result, "halves": halves}


with DAG(
    dag_id="settings_isolation",
    schedule=None,
    catchup=False,
    params={
        "n": Param(3, type="integer"),
    },
    doc_md=__doc__,
) as dag:
    values = numbers(dag.param("n"))
    array = squares(values)
    bounds_outputs = bounds(array)
    items = numbers.override(task_id="numbers_2")(dag.param("n"))
    halves = half_task.expand(value=items)
    file = write(bounds_outputs["low"], bounds_outputs["mean"])
    read_result = read(file)
    total_result = total(array)
    compute_result(read_result, total_result, halves)
