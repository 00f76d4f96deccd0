"""The address of a file that comes out of an arm, a loop, a list or a sub-pipeline, or that goes into one."""

from __future__ import annotations

import base64
import contextlib
import functools
import os
import tempfile
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Any

from airflow.configuration import AIRFLOW_HOME
from airflow.sdk import (
    DAG,
    ObjectStoragePath,
    Param,
    TaskGroup,
    get_current_context,
    task,
    task_group,
)

ARTIFACTS = ObjectStoragePath(os.environ.get("ARTIFACT_ROOT", f"file://{AIRFLOW_HOME}/artifacts"))


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
            if options.get("listed") and not isinstance(value, list):
                raise TypeError(f"{function.__name__} promises a list to map over, and returned {type(value).__name__}")
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
    if isinstance(form, list):
        return type(value)(put(item, form[0], f"{key}.{i}", ti) for i, item in enumerate(value))
    if isinstance(form, tuple):
        if len(value) != len(form):
            raise ValueError(f"{len(form)} results expected, {len(value)} given")
        return tuple(put(item, inner, f"{key}.{i}", ti) for i, (item, inner) in enumerate(zip(value, form)))
    if isinstance(form, dict):
        return {name: put(item, form["*"], f"{key}.{i}", ti) for i, (name, item) in enumerate(value.items())}
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


def uri_of(path: ObjectStoragePath) -> str:
    """Give the address of a file or folder in the store, as other programs know it: without Airflow's connection."""
    return f"{path.protocol}://{path.path}"


def text_at(uri: str) -> str:
    import fsspec

    with fsspec.open(uri, "r", encoding="utf-8") as file:
        return str(file.read())


def copy(uri: str, file: Path) -> Path:
    copied = Path(f"copy-of-{file.name}")
    copied.write_text(text_at(uri) + "!", encoding="utf-8")
    return copied


def write(name: str) -> Path:
    file = Path(f"{name}.txt")
    file.write_text(f"text of {name}", encoding="utf-8")
    return file


@task
@stored(result=["file"], listed=True)
def write_all(names: list[str]) -> list[Path]:
    return [write(name) for name in names]


@task(multiple_outputs=True)
@stored(outputs={"first": (0, "file"), "second": (1, "file")})
def write_pair(name: str) -> tuple[Path, Path]:
    return write(name), write(f"{name}-{name}")


def read(uri: str) -> str:
    return text_at(uri)


def compare(uri: str, file: Path, other: str) -> bool:
    return text_at(uri) == file.read_text(encoding="utf-8") != text_at(other)


@task
@stored
def compute_names(count, name):
    return [f"{name}{i}" for i in range(count)]


@task(task_id="write")
@stored(result="file")
def write_task(n):
    return write(n)


@task
@stored
def list_n(names):
    return list(names)


@task(task_id="copy", trigger_rule="none_failed")
@stored(result="file", lazy=True)
def copy_task(file):
    return copy(uri_of(file), fetch(file))


@task
@stored(lazy=True)
def read_task(file):
    return read(uri_of(file))


@task(trigger_rule="none_failed")
def collected(task_id, key="return_value"):
    """List what a task of a mapped group gave for each item; as an argument one item would be no list."""
    values = get_current_context()["ti"].xcom_pull(task_ids=[task_id], key=key)
    return [value for value in values if value is not None]


@task.branch
@stored
def choose_name(name):
    return ["write_2", "read_3"] if name == "a" else "join_name"


@task
@stored(result="file")
def write_2():
    return write("chosen")


@task(multiple_outputs=True, trigger_rule="none_failed_min_one_success")
@stored(outputs={"chosen_2": (0, "value"), "seen_2": (1, "value")}, lazy=True)
def join_name(name, chosen, seen, second):
    if name == "a":
        return chosen, seen
    return second, "nothing"


@task
@stored(result="file", lazy=True)
def copy_2(file_3):
    return copy(uri_of(file_3), fetch(file_3))


@task.branch
@stored
def choose_name_2(name):
    return "copied_twice.copy_3" if name == "a" else "copied_twice.join_made_3"


@task
@stored(result="file", lazy=True)
def copy_3(made):
    return copy(uri_of(made), fetch(made))


@task(trigger_rule="none_failed_min_one_success")
@stored(lazy=True)
def join_made_3(name, made_2, made):
    if name == "a":
        return made_2
    return made


@task(task_id="compare")
@stored(lazy=True)
def compare_task(first, other):
    return compare(uri_of(first), fetch(first), uri_of(other))


@task(trigger_rule="none_failed")
@stored(lazy=True)
def compute_file_6(found):
    return found[-1]


@task(multiple_outputs=False, trigger_rule="none_failed")
@stored
def compute_result(items, copied_texts, items_, listed, read_result, seen, read_result_, compare_result, read_result__):
    return {
        "texts": items,
        "copies": copied_texts,
        "again": items_,
        "listed": listed,
        "chosen": read_result,
        "seen": seen,
        "grouped": read_result_,
        "pair": compare_result,
        "last": read_result__,
    }


with DAG(
    dag_id="value_uri_in_blocks",
    description="Read files by their addresses, wherever they come from.",
    schedule=None,
    catchup=False,
    params={
        "name": Param("a", type="string"),
        "count": Param(2, type="integer"),
    },
    doc_md=__doc__,
) as dag:
    names = compute_names(dag.param("count"), dag.param("name"))
    n_items = list_n(names)
    found = write_task.expand(n=n_items)

    @task_group
    def for_file(file):
        copied = copy_task(file)
        copied_texts_item = read_task.override(task_id="read")(copied)
        return copied, copied_texts_item

    copy_by_item, read_by_item = for_file.expand(file=found)

    copieds = collected.override(task_id="collect_copieds")("for_file.copy")
    copied_texts_items = collected.override(task_id="collect_copied_texts_items")("for_file.read")
    items = write_all(names)
    listed = read_task.override(task_id="read_2").expand(file=items)
    write_pair_outputs = write_pair(dag.param("name"))
    if_name = choose_name(dag.param("name"))
    chosen = write_2()
    seen = read_task.override(task_id="read_3")(write_pair_outputs["first"])
    name_joined = join_name(name=dag.param("name"), chosen=chosen, seen=seen, second=write_pair_outputs["second"])

    with TaskGroup("copied_twice"):
        made = copy_2(name_joined["chosen_2"])
        if_name_2 = choose_name_2(dag.param("name"))
        made_2 = copy_3(made)
        made_3 = join_made_3(dag.param("name"), made_2, made)

    read_result_2_by_file = read_task.override(task_id="read_4", trigger_rule="none_failed").expand(file=found)
    read_result_3_by_file = read_task.override(task_id="read_5").expand(file=copieds)
    read_result_4 = read_task.override(task_id="read_6")(name_joined["chosen_2"])
    read_result_5 = read_task.override(task_id="read_7")(made_3)
    compare_result = compare_task(write_pair_outputs["first"], write_pair_outputs["second"])
    file_6 = compute_file_6(found)
    read_result_6 = read_task.override(task_id="read_8")(file_6)
    compute_result(
        items=read_result_2_by_file,
        copied_texts=copied_texts_items,
        items_=read_result_3_by_file,
        listed=listed,
        read_result=read_result_4,
        seen=name_joined["seen_2"],
        read_result_=read_result_5,
        compare_result=compare_result,
        read_result__=read_result_6,
    )

    copy_by_item >> copieds
    read_by_item >> copied_texts_items
    if_name >> [chosen, seen, name_joined]
    if_name_2 >> [made_2, made_3]
