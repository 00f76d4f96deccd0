"""Steps in pods of their own on Airflow, with all that a pod may have, among others in the worker."""

from __future__ import annotations

import base64
import contextlib
import functools
import hashlib
import inspect
import io
import json
import logging
import os
import pickle
import tempfile
import time
import types
import zlib
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.providers.cncf.kubernetes.secret import Secret
from airflow.sdk import (
    DAG,
    ObjectStoragePath,
    Param,
    get_current_context,
    literal,
    task,
)
from airflow.sdk.bases.decorator import DecoratedOperator, task_decorator_factory
from airflow.sdk.exceptions import AirflowTaskTimeout
from kubernetes.client import models as k8s

ARTIFACTS = ObjectStoragePath(os.environ.get("ARTIFACT_ROOT", "s3://bucket/artifacts"))
STEPS = Path(__file__).with_name("settings_pod_steps.py")


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
    target.write_bytes(pickled(value))
    return target


def read_object(path: ObjectStoragePath) -> Any:
    """Read an object back."""
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


class PodTask(DecoratedOperator, KubernetesPodOperator):
    """Run a step in a pod of its own, which needs no Airflow: its code is in the module beside this file."""

    custom_operator_name = "@pod_task"
    template_fields = (*DecoratedOperator.template_fields, *KubernetesPodOperator.template_fields)
    template_ext = ()  # an argument that ends in .json is no file to read

    def __init__(self, *, python: str = "python3", requirements: Sequence[str] = (), **options: Any) -> None:
        super().__init__(do_xcom_push=True, deferrable=False, **options)  # the answer is to be unpacked here
        self.python = python
        self.requirements = requirements

    def execute(self, context: Any) -> Any:
        """Run the step, and what decorates it."""
        return self.python_callable(*self.op_args, **self.op_kwargs)

    def answer(self, step: str, call: Any) -> Any:
        """Start the pod, and give what the step answers."""
        self.cmds = [self.python, "-c", f"{inspect.getsource(in_container)}\n\n{in_container.__name__}()"]
        result = "/airflow/xcom/return.json"  # where Airflow's sidecar looks for it
        given = [as_argument(STEPS.read_text()), as_argument(json.dumps(call))]
        self.arguments = [step, result, *given, *self.requirements]
        return KubernetesPodOperator.execute(self, get_current_context())


pod_task = functools.partial(task_decorator_factory, decorated_operator_class=PodTask)


def in_container() -> None:
    """Run a step, in a container that gets this function as text: unpack its module and arguments, install, start."""
    import base64
    import os
    import subprocess
    import sys
    import tempfile
    import zlib

    step, result, code, call, *requirements = sys.argv[1:]
    if requirements:
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", *requirements], check=True)
    folder = tempfile.mkdtemp()
    for name, text in (("steps.py", code), ("call.json", call)):
        with open(os.path.join(folder, name), "wb") as file:
            file.write(zlib.decompress(base64.b64decode(text)))
    os.mkdir(os.path.join(folder, "work"))
    os.chdir(os.path.join(folder, "work"))
    os.execv(sys.executable, [sys.executable, os.path.join(folder, "steps.py"), step, folder, result])


def as_argument(text: str) -> str:
    """Give `text` in a form that Kubernetes and Docker take on a command line."""
    packed = base64.b64encode(zlib.compress(text.encode())).decode()
    if len(packed) >= 2**17:  # Linux takes no longer ones
        raise ValueError(f"{len(text)} characters are too many to be given to a container; return an artifact instead")
    return packed


def contained(function: Callable[..., Any]) -> Callable[..., Any]:
    """Run a step in the container of its task.

    A step that fails leaves its message as its answer, so that Airflow shows that; a killed one leaves none.
    """

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        context = get_current_context()
        call = {"args": addressed(args), "kwargs": addressed(kwargs)}
        ti = context["ti"]
        store = ARTIFACTS / ti.dag_id / ti.run_id / ti.task_id / str(ti.map_index) / str(ti.try_number)
        call["store"] = f"{store.protocol}://{store.path}"
        answer = context["task"].answer(function.__name__, call)
        if answer is None:
            raise RuntimeError("the container of the step has ended without an answer")
        if "exit" in answer:
            left = SystemExit(answer["exit"])
            raise RuntimeError(f"the step ended its process with status {left.code}") from left
        if "error" in answer:
            raise RuntimeError(answer["error"])
        result = placed(answer["result"], store)
        if answer["several"]:
            return {key: sent(from_xcom(value), "value", key) for key, value in result.items()}
        return sent(from_xcom(result), "value", "result")

    return run


def addressed(value: Any) -> Any:
    """Give what comes from XCom as JSON, and artifacts by their addresses in the store."""
    if isinstance(value, ObjectStoragePath):
        # objects lie in the folder of an attempt, files one level below
        kind = "$object" if value.parent.name.isdigit() else "$file"
        return {kind: f"{value.protocol}://{value.path}"}
    if isinstance(value, dict):
        return {key: addressed(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [addressed(item) for item in value]
    return value


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


@dataclass
class Model:
    weights: list[float]
    label: str


@task
@stored(listed=True)
def numbers(n: int) -> list[int]:
    return list(range(n))


@task
@stored
def read(file: Path) -> str:
    return file.read_text()


@pod_task(
    image="registry.example.com/train:1",
    env_vars={"MODE": "fast", "PRICE": literal("$$(HOME) {{ ds }}")},
    secrets=[Secret("env", "TOKEN", "hf", "token")],
    container_resources=k8s.V1ResourceRequirements(
        requests={"cpu": "2", "memory": "8Gi", "ephemeral-storage": "20Gi"},
        limits={"cpu": "3500m", "memory": "16Gi", "nvidia.com/gpu": "2"},
    ),
    node_selector={"nvidia.com/gpu.product": "NVIDIA-A100-SXM4-40GB", "disk": "ssd"},
    tolerations=[
        k8s.V1Toleration(key="nvidia.com/gpu", operator="Exists", effect="NoSchedule"),
        k8s.V1Toleration(key="spot", operator="Exists", effect="NoExecute", toleration_seconds=60),
    ],
    labels={"team": "vision"},
    annotations={"example.com/cost-center": "42"},
    service_account_name="trainer",
    priority_class_name="high",
    volumes=[k8s.V1Volume(name="shm", empty_dir=k8s.V1EmptyDirVolumeSource(medium="Memory", size_limit="1Gi"))],
    volume_mounts=[k8s.V1VolumeMount(name="shm", mount_path="/dev/shm")],
    startup_timeout_seconds=600,
    retries=2,
    retry_delay=timedelta(seconds=30),
    retry_exponential_backoff=True,
    execution_timeout=timedelta(hours=2),
)
@contained
def train(values):
    """In settings_pod_steps.py."""


@pod_task(multiple_outputs=True, image="registry.example.com/ml:1.4")
@contained
def describe(model, *, file_name=...):
    """In settings_pod_steps.py."""


@pod_task(task_id="halved", image="registry.example.com/ml:1.4", python="python3.11", requirements=["attrs>=23"])
@contained
def halved_task(value):
    """In settings_pod_steps.py."""


@pod_task(task_id="inverted", multiple_outputs=True, image="registry.example.com/ml:1.4", retries=1)
@caught(step="inverted")
@contained
def inverted_task(n):
    """In settings_pod_steps.py."""


@task
@stored
def join_inverse_2(inverted_error, inverse):
    if inverted_error is None:
        return inverse
    return inverted_error


@pod_task(image="registry.example.com/ml:1.4")
@cached("9248c72d44408684", ttl=timedelta(days=7))
@contained
def size(model):
    """In settings_pod_steps.py."""


@task(multiple_outputs=False, trigger_rule="none_failed")
@stored
def compute_result(read_result, count, size_result, halves, inverse):
    return {"text": read_result, "count": count + size_result, "halves": halves, "inverse": inverse}


with DAG(
    dag_id="settings_pod",
    schedule=None,
    catchup=False,
    params={
        "n": Param(3, type="integer"),
    },
    doc_md=__doc__,
) as dag:
    values = numbers(dag.param("n"))
    model = train(values)
    describe_outputs = describe(model, file_name="notes.json")
    items = numbers.override(task_id="numbers_2")(dag.param("n"))
    halves = halved_task.expand(value=items)
    inverted_outputs = inverted_task(dag.param("n"))
    inverse_2 = join_inverse_2(inverted_outputs["error"], inverted_outputs["result"])
    read_result = read(describe_outputs["file"])
    size_result = size(model)
    compute_result(
        read_result=read_result,
        count=describe_outputs["count"],
        size_result=size_result,
        halves=halves,
        inverse=inverse_2,
    )
