"""Steps that are containers, told where the artifacts of other steps lie: in a row, in an arm, and in a loop."""

from __future__ import annotations

import base64
import contextlib
import functools
import json
import os
import re
import tempfile
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Any

from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import (
    DAG,
    ObjectStoragePath,
    Param,
    get_current_context,
    task,
    task_group,
)

ARTIFACTS = ObjectStoragePath(os.environ.get("ARTIFACT_ROOT", "s3://bucket/artifacts"))


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


def argument(*parts: Any) -> str:
    """One argument of a container: text as it is, anything else as JSON."""
    text = "".join(part if isinstance(part, str) else json.dumps(part, allow_nan=False) for part in parts)
    return re.sub(r"\$(?=[$(])", "$$", text)  # Kubernetes replaces $(NAME), and $$ by $


def uri_of(path: ObjectStoragePath) -> str:
    """Give the address of a file or folder in the store, as other programs know it: without Airflow's connection."""
    return f"{path.protocol}://{path.path}"


@task
@stored(result="file")
def write(rows: int) -> Path:
    path = Path("numbers.txt")
    path.write_text("\n".join(map(str, range(rows))), encoding="utf-8")
    return path


@task
@stored(result="file")
def weigh(data: Path) -> Path:
    folder = Path("model")
    folder.mkdir()
    (folder / "weights").write_text(data.read_text(encoding="utf-8"), encoding="utf-8")
    return folder


@task
@stored(lazy=True)
def arguments_of_train(data, rows):
    return [argument(uri_of(data)), argument("--rows=", rows), "--out", "/airflow/xcom/return.json"]


@task.branch
@stored
def choose_score(score):
    return "weigh" if score > 2 else "join_score"


@task
@stored(lazy=True)
def arguments_of_publish(model):
    return [argument(uri_of(model), "/weights"), "$$(HOME)"]


@task
@stored(lazy=True)
def arguments_of_train_2(part):
    return [argument(uri_of(part)), "--rows=0", "--out", "/airflow/xcom/return.json"]


@task(task_id="collect_scores")
def collected(task_id, key="return_value"):
    """List what a task of a mapped group gave for each item; as an argument one item would be no list."""
    values = get_current_context()["ti"].xcom_pull(task_ids=[task_id], key=key)
    return [value for value in values if value is not None]


@task
@stored
def compute_result(score, scores):
    return score + sum(scores)


with DAG(
    dag_id="container_addresses",
    schedule=None,
    catchup=False,
    params={
        "rows": Param(3, type="integer"),
    },
    doc_md=__doc__,
) as dag:
    data = write(dag.param("rows"))
    arguments_of_train_ = arguments_of_train(data, dag.param("rows"))
    train = KubernetesPodOperator(
        task_id="train",
        image="registry.example.com/train:1",
        cmds=["fit", "--from"],
        arguments=arguments_of_train_,
        do_xcom_push=True,
    )
    if_score = choose_score(train.output)
    model = weigh(data)
    arguments_of_publish_ = arguments_of_publish(model)
    publish = KubernetesPodOperator(
        task_id="publish", image="registry.example.com/tools:2", cmds=["publish"], arguments=arguments_of_publish_
    )
    join_score = EmptyOperator(task_id="join_score", trigger_rule="none_failed_min_one_success")
    parts = write.override(task_id="write_2").expand(rows=[1, 2])

    @task_group
    def for_part(part):
        arguments_of_train_2_ = arguments_of_train_2(part)
        train_2 = KubernetesPodOperator(
            task_id="train_2",
            image="registry.example.com/train:1",
            cmds=["fit", "--from"],
            arguments=arguments_of_train_2_,
            do_xcom_push=True,
        )
        return train_2

    train_2_by_item = for_part.expand(part=parts)

    scores = collected("for_part.train_2")
    compute_result(train.output, scores)

    if_score >> model
    [publish, if_score] >> join_score >> parts
    train_2_by_item >> scores
