"""Steps that are containers, one JSON result each: in a row, in an arm, in a loop, and for their effect."""

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
from airflow.sdk import DAG, Param, get_current_context, task, task_group
from airflow.sdk.exceptions import AirflowSkipException


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
            if options.get("result", "value") is None:
                return None
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
def options(rows: int) -> dict[str, int]:
    return {"depth": rows + 1}


@task(trigger_rule="none_failed")
@stored
def shout(total: int, numbers: list[int]) -> str:
    return f"{total}: {sum(numbers)}!"


@task
@stored
def arguments_of_count(rows, name, options_):
    return [
        argument("--rows=", rows),
        "--name",
        argument(name),
        "--options",
        argument(options_),
        "--out",
        "/airflow/xcom/return.json",
    ]


@task.branch
@stored
def choose_total(total):
    return "announce" if total > 6 else "list_n"


@task
@stored
def arguments_of_spread(total):
    return [argument(total), "/airflow/xcom/return.json"]


@task
@stored
def list_n(total):
    return list(range(total))


@task
@stored
def arguments_of_count_2(n):
    return [
        argument("--rows=", n),
        "--name",
        "static",
        "--options",
        argument({"depth": n}),
        "--out",
        "/airflow/xcom/return.json",
    ]


@task(task_id="collect_numbers_2", trigger_rule="none_failed")
def collected(task_id, key="return_value"):
    """List what a task of a mapped group gave for each item; as an argument one item would be no list."""
    values = get_current_context()["ti"].xcom_pull(task_ids=[task_id], key=key)
    return [value for value in values if value is not None]


@task(trigger_rule="none_failed_min_one_success")
@stored
def join_numbers_3(numbers, numbers_2):
    return numbers if numbers is not None else numbers_2


@task
@stored
def list_n_2(numbers_3):
    return list(numbers_3)


@task
@stored
def check_n(n):
    return bool(n % 2)


@task
@stored
def arguments_of_announce_2(n, if_n):
    if not if_n:
        raise AirflowSkipException("the other branch was taken")
    return [argument(f"odd {n}")]


@task
@stored
def arguments_of_tidy(if_n):
    if not if_n:
        raise AirflowSkipException("the other branch was taken")
    return []


@task(trigger_rule="none_failed")
@stored(result=None)
def join_n():
    pass


@task(trigger_rule="none_failed")
@stored
def arguments_of_announce_3(loud):
    return [argument(loud)]


with DAG(
    dag_id="container_json",
    schedule=None,
    catchup=False,
    params={
        "rows": Param(3, type="integer"),
        "name": Param("it's $(HOME) {{ ds }}", type="string"),
    },
    doc_md=__doc__,
) as dag:
    options_ = options(dag.param("rows"))
    arguments_of_count_ = arguments_of_count(dag.param("rows"), dag.param("name"), options_)
    count = KubernetesPodOperator(
        task_id="count",
        image="registry.example.com/tools:2",
        cmds=["count"],
        arguments=arguments_of_count_,
        retries=2,
        do_xcom_push=True,
    )
    if_total = choose_total(count.output)
    announce = KubernetesPodOperator(
        task_id="announce", image="registry.example.com/tools:2", cmds=["announce", "many"]
    )
    arguments_of_spread_ = arguments_of_spread(count.output)
    spread = KubernetesPodOperator(
        task_id="spread",
        image="registry.example.com/tools:2",
        cmds=["sh", "-c", 'printf "[%s, %s]" "$1" "$$(expr "$1" + 1)" > "$2"', "spread"],
        arguments=arguments_of_spread_,
        do_xcom_push=True,
    )
    n_items = list_n(count.output)

    @task_group
    def for_n(n):
        arguments_of_count_2_ = arguments_of_count_2(n)
        count_2 = KubernetesPodOperator(
            task_id="count_2",
            image="registry.example.com/tools:2",
            cmds=["count"],
            arguments=arguments_of_count_2_,
            retries=2,
            do_xcom_push=True,
        )
        return count_2

    count_2_by_item = for_n.expand(n=n_items)

    numbers_2 = collected("for_n.count_2")
    numbers_3 = join_numbers_3(spread.output, numbers_2)
    n_2_items = list_n_2(numbers_3)

    @task_group
    def for_n_2(n_2):
        if_n = check_n(n_2)
        arguments_of_announce_2_ = arguments_of_announce_2(n_2, if_n)
        announce_2 = KubernetesPodOperator(
            task_id="announce_2",
            image="registry.example.com/tools:2",
            cmds=["announce"],
            arguments=arguments_of_announce_2_,
        )
        arguments_of_tidy_ = arguments_of_tidy(if_n)
        tidy = KubernetesPodOperator(
            task_id="tidy", image="registry.example.com/tools:2", cmds=["tidy", "--all"], arguments=arguments_of_tidy_
        )
        n_joined = join_n()

        announce_2 >> arguments_of_tidy_
        tidy >> n_joined

        return n_joined

    join_n_by_item = for_n_2.expand(n_2=n_2_items)

    loud = shout(count.output, numbers_3)
    arguments_of_announce_3_ = arguments_of_announce_3(loud)
    KubernetesPodOperator(
        task_id="announce_3",
        image="registry.example.com/tools:2",
        cmds=["announce"],
        arguments=arguments_of_announce_3_,
    )

    if_total >> [announce, n_items]
    announce >> arguments_of_spread_
    [count_2_by_item, if_total] >> numbers_2
    join_n_by_item >> loud

    # Result: loud
