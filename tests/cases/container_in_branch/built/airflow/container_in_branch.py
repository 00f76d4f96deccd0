"""Containers in the arms of a branch take values of the run, and a step follows."""

from __future__ import annotations

import base64
import contextlib
import functools
import json
import os
import re
import tempfile
from collections.abc import Callable, Generator, Sequence
from typing import Any

from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.providers.standard.operators.empty import EmptyOperator
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


def argument(*parts: Any) -> str:
    """One argument of a container: text as it is, anything else as JSON."""
    text = "".join(part if isinstance(part, str) else json.dumps(part, allow_nan=False) for part in parts)
    return re.sub(r"\$(?=[$(])", "$$", text)  # Kubernetes replaces $(NAME), and $$ by $


@task(multiple_outputs=False)
@stored
def evaluate(rows: int) -> dict:
    return {"rows": rows, "name": f"model-{rows}"}


@task
@stored
def announce(ok: bool) -> str:
    return f"{ok}"


@task
@stored
def compute_ok(metrics, minimum):
    return metrics["rows"] >= minimum


@task.branch
@stored
def choose_ok(ok):
    return "arguments_of_push" if ok else "arguments_of_tag_2"


@task
@stored
def arguments_of_push(rows):
    return ["--name", argument(f"model-{rows}")]


@task.branch
@stored
def choose_minimum(minimum):
    return "arguments_of_tag" if minimum > 7 else "join_minimum"


@task
@stored
def arguments_of_tag(metrics, minimum):
    return [argument(metrics["name"]), argument(minimum)]


@task
@stored
def arguments_of_tag_2(rows):
    return [argument(rows)]


with DAG(
    dag_id="container_in_branch",
    schedule=None,
    catchup=False,
    params={
        "rows": Param(10, type="integer"),
        "minimum": Param(5, type="integer"),
    },
    doc_md=__doc__,
) as dag:
    metrics = evaluate(dag.param("rows"))
    ok = compute_ok(metrics, dag.param("minimum"))
    if_ok = choose_ok(ok)
    arguments_of_push_ = arguments_of_push(dag.param("rows"))
    push = KubernetesPodOperator(
        task_id="push", image="registry.example.com/push:2.1", cmds=["push"], arguments=arguments_of_push_
    )
    if_minimum = choose_minimum(dag.param("minimum"))
    arguments_of_tag_ = arguments_of_tag(metrics, dag.param("minimum"))
    tag = KubernetesPodOperator(
        task_id="tag", image="registry.example.com/tag:1", cmds=["tag"], arguments=arguments_of_tag_
    )
    join_minimum = EmptyOperator(task_id="join_minimum", trigger_rule="none_failed_min_one_success")
    arguments_of_tag_2_ = arguments_of_tag_2(dag.param("rows"))
    tag_2 = KubernetesPodOperator(
        task_id="tag_2", image="registry.example.com/tag:1", cmds=["tag", "rejected"], arguments=arguments_of_tag_2_
    )
    join_ok = EmptyOperator(task_id="join_ok", trigger_rule="none_failed_min_one_success")
    announce_result = announce(ok)

    if_ok >> [arguments_of_push_, arguments_of_tag_2_]
    push >> if_minimum >> arguments_of_tag_
    [tag, if_minimum] >> join_minimum
    [join_minimum, tag_2] >> join_ok >> announce_result
