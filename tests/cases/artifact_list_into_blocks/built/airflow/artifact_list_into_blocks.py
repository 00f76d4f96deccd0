"""A list of artifacts is read in a branch, in a loop, in a sub-pipeline, and in all of them together."""

from __future__ import annotations

import base64
import contextlib
import functools
import io
import os
import pickle
import tempfile
import types
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any

from airflow.configuration import AIRFLOW_HOME
from airflow.sdk import (
    DAG,
    ObjectStoragePath,
    Param,
    TaskGroup,
    get_current_context,
    task,
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
    return put_object(value, form, folder / key)


def fetch(value: Any) -> Any:
    """Take a value or artifact, or a collection of them, from XCom."""
    return read_artifacts(from_xcom(value))


def read_artifacts(value: Any) -> Any:
    """Replace the paths in `value`, at any depth, by what they stand for."""
    if isinstance(value, ObjectStoragePath):
        return read_object(value)
    if isinstance(value, (list, tuple)):
        return type(value)(read_artifacts(item) for item in value)
    if isinstance(value, dict):
        return {key: read_artifacts(item) for key, item in value.items()}
    return value


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


@dataclass
class Box:
    content: int


@task
@stored(result="pickle")
def pack(x: int) -> Box:
    return Box(x)


def weigh(boxes: list[Box], extra: int = 0) -> int:
    return sum(box.content for box in boxes) + extra


@task
@stored
def list_x_2(xs):
    return list(xs)


@task.branch
@stored
def choose_wide(wide):
    return "weigh" if wide else "weigh_2"


@task(task_id="weigh")
@stored(lazy=True)
def weigh_task(fixed):
    return weigh(fetch(fixed), len(fixed))


@task(trigger_rule="none_failed")
@stored
def weigh_2(found):
    return weigh(found)


@task(multiple_outputs=True, trigger_rule="none_failed_min_one_success")
@stored(outputs={"first_3": (0, "value"), "boxes": (1, "value")}, lazy=True)
def join_wide(wide, first, fixed, first_2, found):
    if wide:
        return first, fixed
    return first_2, found


@task
@stored
def weigh_3(fixed, x_3):
    return weigh(fixed, x_3)


@task
@stored
def compute_for_x_4_all():
    return list([10, 20])


@task(multiple_outputs=True)
@stored(outputs={"for_y_counts": (0, "value"), "for_y_pairs": (1, "value")})
def compute_for_y_pairs(for_x_4_all, xs):
    for_y_counts = [len(list(xs)) for outer_item in for_x_4_all]
    for_y_pairs = [(outer_item, inner_item) for outer_item in for_x_4_all for inner_item in xs]
    return for_y_counts, for_y_pairs


@task(trigger_rule="none_failed")
@stored
def weigh_4(found, x, y):
    return weigh(found, x + y)


@task
@stored
def list_y(for_y_pairs):
    return [{"x": item[0], "y": item[1]} for item in for_y_pairs]


@task(trigger_rule="none_failed")
@stored
def compute_nested(weigh_result_2_by_y_flat, for_y_counts):
    return [
        weigh_result_2_by_y_flat[sum(for_y_counts[:i]) : sum(for_y_counts[: i + 1])] for i in range(len(for_y_counts))
    ]


@task
@stored
def weigh_5(boxes):
    return weigh(boxes)


@task(trigger_rule="none_failed")
@stored(lazy=True)
def join_chosen(others, boxes_2):
    if len(others) > 1:
        return others
    return boxes_2


@task
@stored
def weigh_6(chosen):
    return weigh(chosen)


@task
@stored(lazy=True)
def join_chosen_2(others, boxes_3):
    if len(others) > 1:
        return others
    return boxes_3


@task
@stored
def weigh_7(chosen_2):
    return weigh(chosen_2)


@task
@stored
def weigh_8(b):
    return weigh(b)


@task
@stored(lazy=True)
def list_b(xs, fixed):
    return [fixed for _ in xs]


@task(multiple_outputs=True)
@stored(outputs={"for_box_counts": (0, "value"), "for_box_pairs": (1, "value")}, lazy=True)
def compute_for_box_pairs(for_x_5_all, fixed):
    for_box_counts = [len(list(fixed)) for outer_item in for_x_5_all]
    for_box_pairs = [(outer_item, inner_item) for outer_item in for_x_5_all for inner_item in fixed]
    return for_box_counts, for_box_pairs


@task
@stored(lazy=True)
def weigh_9(box, x_5):
    return weigh(fetch([box]), x_5)


@task
@stored(lazy=True)
def list_box(for_box_pairs):
    return [{"box": item[1], "x_5": item[0]} for item in for_box_pairs]


@task(trigger_rule="none_failed")
@stored
def compute_weigh_result_7_by_boxs(weigh_result_7_by_box_flat, for_box_counts):
    return [weigh_result_7_by_box_flat[sum(for_box_counts[:i]) : sum(for_box_counts[: i + 1])] for i in range(len(for_box_counts))]  # fmt: skip


@task
@stored
def compute_items(weigh_result_7_by_boxs):
    return [item for items in weigh_result_7_by_boxs for item in items]


@task(trigger_rule="none_failed")
@stored
def compute_result(first, weigh_result, each, nested, heavier_result, heavier_result_, items, items_):
    return [first, weigh_result, each, nested, heavier_result, heavier_result_, items, items_]


with DAG(
    dag_id="artifact_list_into_blocks",
    schedule=None,
    catchup=False,
    params={
        "xs": Param([3, 4], type="array"),
        "wide": Param(True, type="boolean"),
    },
    doc_md=__doc__,
) as dag:
    fixed = pack.expand(x=[1, 2, 3])
    x_2_items = list_x_2(dag.param("xs"))
    found = pack.override(task_id="pack_2").expand(x=x_2_items)
    if_wide = choose_wide(dag.param("wide"))
    first = weigh_task(fixed)
    first_2 = weigh_2(found)
    wide_joined = join_wide(wide=dag.param("wide"), first=first, fixed=fixed, first_2=first_2, found=found)
    x_3_items = list_x_2.override(task_id="list_x_3")(dag.param("xs"))
    each = weigh_3.partial(fixed=fixed).expand(x_3=x_3_items)
    for_x_4_all = compute_for_x_4_all()
    for_y_pairs = compute_for_y_pairs(for_x_4_all, dag.param("xs"))
    y_items = list_y(for_y_pairs["for_y_pairs"])
    weigh_result_2_by_y_flat = weigh_4.partial(found=found).expand_kwargs(y_items)
    nested = compute_nested(weigh_result_2_by_y_flat, for_y_pairs["for_y_counts"])
    weigh_result_3 = weigh_5(wide_joined["boxes"])

    with TaskGroup("heavier"):
        chosen = join_chosen(found, fixed)
        weigh_result_4 = weigh_6(chosen)

    with TaskGroup("heavier_2"):
        chosen_2 = join_chosen_2(fixed, fixed)
        weigh_result_5 = weigh_7(chosen_2)

    b_items = list_b(dag.param("xs"), fixed)
    weigh_result_6_by_b = weigh_8.expand(b=b_items)
    for_x_5_all = list_x_2.override(task_id="compute_for_x_5_all")(dag.param("xs"))
    for_box_pairs = compute_for_box_pairs(for_x_5_all, fixed)
    box_items = list_box(for_box_pairs["for_box_pairs"])
    weigh_result_7_by_box_flat = weigh_9.expand_kwargs(box_items)
    weigh_result_7_by_boxs = compute_weigh_result_7_by_boxs(weigh_result_7_by_box_flat, for_box_pairs["for_box_counts"])
    items = compute_items(weigh_result_7_by_boxs)
    compute_result(
        first=wide_joined["first_3"],
        weigh_result=weigh_result_3,
        each=each,
        nested=nested,
        heavier_result=weigh_result_4,
        heavier_result_=weigh_result_5,
        items=weigh_result_6_by_b,
        items_=items,
    )

    if_wide >> [first, first_2]
