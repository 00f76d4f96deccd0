"""Collections that are rebound, read or left by a return while they are filled."""

from __future__ import annotations

import base64
import contextlib
import functools
import os
import tempfile
from collections.abc import Callable, Generator, Sequence
from typing import Any

from airflow.sdk import DAG, Param, get_current_context, task


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
            if "outputs" in options:
                return {key: sent(select(value, where)) for key, (where, _) in options["outputs"].items()}
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


def select(value: Any, where: int | str | None) -> Any:
    """Give the whole of a result, the element at an index, or an attribute."""
    if where is None:
        return value
    return value[where] if isinstance(where, int) else getattr(value, where)


def double(n: int) -> int:
    return 2 * n


@task
@stored(listed=True)
def upto(n: int) -> list[int]:
    return list(range(n))


@task(task_id="double")
@stored
def double_task(n):
    return double(n)


@task.branch
@stored
def choose_reset(reset):
    return "double_2" if reset else "compute_out"


@task
@stored
def double_2():
    return double(7)


@task
@stored
def compute_out(out_item, n):
    return [out_item, n]


@task
@stored
def double_3(out):
    return double(len(out))


@task
@stored
def compute_out_item_4(out, out_item_3):
    return [*out, out_item_3][0]


@task(trigger_rule="none_failed_min_one_success")
@stored
def join_out_items(reset, out_item_2, out_item, n, out_item_3, out_item_4):
    if reset:
        return [out_item_2]
    return [out_item, n, out_item_3, out_item_4]


@task.branch
@stored
def choose_n_2(n):
    return "choose_n" if n > 1 else "join_n_2"


@task.branch
@stored
def choose_n(n, stop):
    return "compute_kept" if n > stop else ["double_4", "upto"]


@task
@stored
def compute_kept(n):
    return [n]


@task
@stored
def double_4():
    return double(5)


@task
@stored
def double_5(i):
    return double(i)


@task(trigger_rule="none_failed")
@stored
def compute_found_value(n, kept_item, kept_item_2_by_i):
    return len([n, kept_item, *kept_item_2_by_i])


@task(multiple_outputs=True, trigger_rule="none_failed_min_one_success")
@stored(
    outputs={
        "result": (0, "value"),
        "returned": (1, "value"),
        "kept_3": (2, "value"),
        "kept_4": (3, "value"),
        "found": (4, "value"),
    },
)
def join_n(n, stop, out_items, kept, kept_item, kept_item_2_by_i, found_value):
    if n > stop:
        return (out_items, kept, {}), True, None, [], None
    return None, False, kept_item, kept_item_2_by_i, ("size", found_value)


@task(multiple_outputs=True, trigger_rule="none_failed_min_one_success")
@stored(
    outputs={
        "result_2": (0, "value"),
        "returned_2": (1, "value"),
        "kept_items": (2, "value"),
        "found_items": (3, "value"),
    },
)
def join_n_2(n, result, returned, kept_3, kept_4, found):
    if n > 1:
        return result, returned, [kept_3, *kept_4], [found]
    return None, False, [], []


@task.branch
@stored
def choose_returned(returned_2):
    return "join_result_3" if returned_2 else ["compute_kept_5", "compute_found_2"]


@task
@stored
def compute_kept_5(n, kept_items):
    return [n, *kept_items]


@task(multiple_outputs=False)
@stored
def compute_found_2(found_items, n):
    return dict([*found_items, ("n", n)])


@task(trigger_rule="none_failed_min_one_success")
@stored
def join_result_3(returned_2, result_2, out_items, kept_5, found_2):
    if returned_2:
        return result_2
    return (out_items, kept_5, found_2)


with DAG(
    dag_id="collection_rebound",
    schedule=None,
    catchup=False,
    params={
        "n": Param(3, type="integer"),
        "reset": Param(True, type="boolean"),
        "stop": Param(99, type="integer"),
    },
    doc_md=__doc__,
) as dag:
    out_item = double_task(dag.param("n"))
    if_reset = choose_reset(dag.param("reset"))
    out_item_2 = double_2()
    out = compute_out(out_item, dag.param("n"))
    out_item_3 = double_3(out)
    out_item_4 = compute_out_item_4(out, out_item_3)
    out_items = join_out_items(
        reset=dag.param("reset"),
        out_item_2=out_item_2,
        out_item=out_item,
        n=dag.param("n"),
        out_item_3=out_item_3,
        out_item_4=out_item_4,
    )
    if_n_2 = choose_n_2(dag.param("n"))
    if_n = choose_n(dag.param("n"), dag.param("stop"))
    kept = compute_kept(dag.param("n"))
    kept_item = double_4()
    items = upto(dag.param("n"))
    kept_item_2_by_i = double_5.expand(i=items)
    found_value = compute_found_value(dag.param("n"), kept_item, kept_item_2_by_i)
    n_joined = join_n(
        n=dag.param("n"),
        stop=dag.param("stop"),
        out_items=out_items,
        kept=kept,
        kept_item=kept_item,
        kept_item_2_by_i=kept_item_2_by_i,
        found_value=found_value,
    )
    n_2_joined = join_n_2(
        n=dag.param("n"),
        result=n_joined["result"],
        returned=n_joined["returned"],
        kept_3=n_joined["kept_3"],
        kept_4=n_joined["kept_4"],
        found=n_joined["found"],
    )
    returned = choose_returned(n_2_joined["returned_2"])
    kept_5 = compute_kept_5(dag.param("n"), n_2_joined["kept_items"])
    found_2 = compute_found_2(n_2_joined["found_items"], dag.param("n"))
    result_3 = join_result_3(
        returned_2=n_2_joined["returned_2"],
        result_2=n_2_joined["result_2"],
        out_items=out_items,
        kept_5=kept_5,
        found_2=found_2,
    )

    if_reset >> [out_item_2, out]
    if_n_2 >> [if_n, n_joined, n_2_joined]
    if_n >> [kept, kept_item, items]
    [if_n_2, if_n] >> found_value
    returned >> [kept_5, found_2, result_3]
