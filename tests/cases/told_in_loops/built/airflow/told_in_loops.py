"""Steps in loops that tell of their failure, whatever they give: to other steps, branches and loops, and out of the loop."""

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
    get_current_context,
    task,
    task_group,
)
from airflow.sdk.exceptions import AirflowSkipException

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
        read = fetch
        with empty_folder():
            try:
                value = function(*map(read, args), **{key: read(given) for key, given in kwargs.items()})
            except SystemExit as error:  # Airflow would take exit(0) for a success
                raise RuntimeError(f"the step ended its process with status {error.code}") from error
            if options.get("result", "value") is None:
                return None
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


def page(message: str) -> None:
    """Stands for a message to a chat."""
    with open(os.environ.get("MESSAGES", os.devnull), "a", encoding="utf-8") as file:
        file.write(f"{message}\n")


def numbers(n: int) -> list[int]:
    return list(range(1, n))


def written(n: int) -> Path:
    path = Path(f"{n}.txt")
    path.write_text("x" * n)
    return path


def numbers_failed(context: Any) -> None:
    page(f"step numbers has failed: {context.get('exception')}")


def written_failed(context: Any) -> None:
    page(f"step written has failed: {context.get('exception')}")


def large_failed(context: Any) -> None:
    page(f"step large has failed: {context.get('exception')}")


def inverse_failed(context: Any) -> None:
    page(f"step inverse has failed: {context.get('exception')}")


def empty_failed(context: Any) -> None:
    page(f"step empty has failed: {context.get('exception')}")


@task(on_failure_callback=large_failed)
@stored
def large(n: int) -> bool:
    return n > 1


@task(multiple_outputs=True, on_failure_callback=inverse_failed)
@stored(outputs={"value": (0, "value"), "about": (1, "value")})
def inverse(n: int, minus: int) -> tuple[float, dict[str, int]]:
    return 1 / (n - minus), {"n": n}


def size(path: Path) -> int:
    return path.stat().st_size


@task(on_failure_callback=empty_failed)
@stored(result=None)
def empty() -> None:
    pass


@task(trigger_rule="none_failed")
@stored
def summary(sizes: list[int], chosen: list[int], inverses: list[list[float]], all_: list[dict[str, int]]) -> str:
    return f"{sizes} {chosen} {inverses} {all_}"


@task(trigger_rule="none_failed")
@stored
def total(paths: list[Path]) -> int:
    return sum(len(path.read_text()) for path in paths)


@task(task_id="numbers", on_failure_callback=numbers_failed)
@stored(listed=True)
def numbers_task(n):
    return numbers(n)


@task(task_id="written", on_failure_callback=written_failed)
@stored(result="file")
def written_task(i):
    return written(i)


@task(task_id="size")
@stored
def size_task(path):
    return size(path)


@task
@stored
def check_large(large_result):
    return bool(large_result)


@task(on_failure_callback=written_failed)
@stored(result="file")
def written_2(i, if_large):
    if not if_large:
        raise AirflowSkipException("the other branch was taken")
    return written(i + 1)


@task
@stored
def size_2(path_2):
    return size(path_2)


@task(trigger_rule="none_failed")
@stored
def join_one_2(one, i, if_large):
    if if_large:
        return one
    return i


@task(on_failure_callback=numbers_failed)
@stored
def numbers_2(i):
    return numbers(i + 1)


@task(trigger_rule="none_failed")
def collected(task_id, key="return_value"):
    """List what a task of a mapped group gave for each item; as an argument one item would be no list."""
    values = get_current_context()["ti"].xcom_pull(task_ids=[task_id], key=key)
    return [value for value in values if value is not None]


@task(multiple_outputs=True)
@stored(outputs={"for_k_counts": (0, "value"), "for_k_pairs": (1, "value")})
def compute_for_k_pairs(items, items_2_all):
    for_k_counts = [len(list(outer_1)) for outer_item, outer_1 in zip(items, items_2_all)]
    for_k_pairs = [
        (outer_item, outer_1, inner_item) for outer_item, outer_1 in zip(items, items_2_all) for inner_item in outer_1
    ]
    return for_k_counts, for_k_pairs


@task
@stored
def list_k(for_k_pairs):
    return [item[2] for item in for_k_pairs]


@task(task_id="minus")
def parameter(value):
    return value


@task(trigger_rule="none_failed")
@stored
def compute_values_by_i(values_flat, for_k_counts):
    return [values_flat[sum(for_k_counts[:i]) : sum(for_k_counts[: i + 1])] for i in range(len(for_k_counts))]


@task(trigger_rule="none_failed")
@stored
def compute_result(summary_result, total_result):
    return (summary_result, total_result)


with DAG(
    dag_id="told_in_loops",
    schedule=None,
    catchup=False,
    params={
        "n": Param(3, type="integer"),
        "minus": Param(0, type="integer"),
    },
    doc_md=__doc__,
) as dag:
    minus = parameter(dag.param("minus"))
    items = numbers_task(dag.param("n"))

    @task_group
    def for_i(i):
        path = written_task(i)
        sizes_item = size_task(path)
        large_result = large(i)
        if_large = check_large(large_result)
        path_2 = written_2(i, if_large)
        one = size_2(path_2)
        one_2 = join_one_2(one, i, if_large)
        items_2 = numbers_2(i)
        return path, sizes_item, one_2, items_2

    written_by_item, size_by_item, join_one_2_by_item, numbers_2_by_item = for_i.expand(i=items)

    paths = collected.override(task_id="collect_paths")("for_i.written")
    sizes_items = collected.override(task_id="collect_sizes_items")("for_i.size")
    one_2_by_i = collected.override(task_id="collect_one_2_by_i")("for_i.join_one_2")
    items_2_all = collected.override(task_id="collect_items_2_all")("for_i.numbers_2")
    for_k_pairs = compute_for_k_pairs(items, items_2_all)
    k_items = list_k(for_k_pairs["for_k_pairs"])
    inverse_outputs = inverse.partial(minus=minus).expand(n=k_items)
    values_by_i = compute_values_by_i(inverse_outputs["value"], for_k_pairs["for_k_counts"])

    @task_group
    def for_i_after(i):
        inverse_2_outputs = inverse.override(task_id="inverse_2", trigger_rule="none_failed")(i, -1)
        empty_done = empty()

        [paths, sizes_items, one_2_by_i, values_by_i] >> inverse_2_outputs >> empty_done

        return inverse_2_outputs, empty_done

    inverse_2_by_item, empty_by_item = for_i_after.expand(i=items)

    abouts = collected.override(task_id="collect_abouts")("for_i_after.inverse_2", "about")
    summary_result = summary(sizes_items, one_2_by_i, values_by_i, all_=abouts)
    total_result = total(paths)
    compute_result(summary_result, total_result)

    written_by_item >> paths
    size_by_item >> sizes_items
    join_one_2_by_item >> one_2_by_i
    numbers_2_by_item >> items_2_all
    inverse_2_by_item >> abouts
    empty_by_item >> summary_result
    [empty_by_item, abouts] >> total_result
