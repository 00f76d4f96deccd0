"""Text files beside the modules are part of them: what is read by a path made of `__file__` is a constant."""

from __future__ import annotations

import base64
import contextlib
import functools
import hashlib
import inspect
import json
import logging
import os
import tempfile
import time
from collections.abc import Callable, Generator, Sequence
from datetime import timedelta
from typing import Any
from uuid import uuid4

from airflow.configuration import AIRFLOW_HOME
from airflow.sdk import DAG, ObjectStoragePath, Param, get_current_context, task

ARTIFACTS = ObjectStoragePath(os.environ.get("ARTIFACT_ROOT", f"file://{AIRFLOW_HOME}/artifacts"))


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
                if ttl is None or time.time() - found["time"] < ttl.total_seconds():
                    logging.getLogger("airflow.task.cache").warning("reusing %s", entry)
                    return found["result"]
            result = function(*args, **kwargs)
            folder.mkdir(parents=True, exist_ok=True)
            draft = folder / f"{digest}.{uuid4().hex}"  # another run may write the same entry
            draft.write_text(json.dumps({"time": time.time(), "result": result}))
            draft.rename(entry)
            return result

        return run

    return decorate


def fingerprint(value: Any) -> Any:
    """Describe an input by its content."""
    if isinstance(value, dict):
        return {key: fingerprint(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [fingerprint(item) for item in value]
    return value


def signed(text: str) -> str:
    """A text with the line below."""
    return text + """\
--\x20
pipec
"""


QUERY = """\
-- the largest of a table
SELECT name, "size"
FROM {table}
WHERE name NOT LIKE '\\_%' ESCAPE '\\'
ORDER BY "size" DESC
LIMIT {limit}
"""  # the query as it is kept for other tools
VERSION = "1.2\n".strip()
LATIN = """\
café;1\r
naïve;2\r
"""
LINES = """\
café;1
naïve;2
""".split("\n")
SETTINGS = json.loads("""\
{
  "name": "films",
  "limits": {"rows": 3}
}
""")
LIMITS: dict = json.loads("""\
{
  "name": "films",
  "limits": {"rows": 3}
}
""")["limits"]
# a comment at its head
# and one below
ODD = """\
\ufefffirst\x20

  \"\""quoted\"\"" and \\ "
last
"\""""


class Templates:
    """Texts in a class, too."""

    row: str = "{name}\t{size}\n"
    long: str = "1.2\n"


def query_of(table: str, text: str = """\
-- the largest of a table
SELECT name, "size"
FROM {table}
WHERE name NOT LIKE '\\_%' ESCAPE '\\'
ORDER BY "size" DESC
LIMIT {limit}
""") -> str:
    """The query for one table."""
    return text.format(table=table, limit=LIMITS["rows"])


@task
@cached("294c772591f59774-1.2")
@stored
def ask(table: str) -> str:
    return query_of(table)


@task
@stored
def show(sql: str) -> list[object]:
    text = "{name}\t{size}\n"
    return [text == Templates.row, SETTINGS["name"], sql.count("\n"), QUERY.count("\n"), VERSION]


@task
@stored
def exact() -> list[str]:
    return [LATIN, *LINES, ODD]


@task
@stored
def greet(name: str, template: str) -> str:
    return signed(template.format(name=name))


@task
@stored
def compute_result(show_result, exact_result, greet_result, greet_result_):
    return [show_result, exact_result, greet_result, greet_result_]


with DAG(
    dag_id="code_text_files",
    schedule=None,
    catchup=False,
    params={
        "name": Param("Zoë", type="string"),
        "template": Param("Dear {name},\n\nthank you.\n", type="string"),
    },
    doc_md=__doc__,
) as dag:
    sql = ask("films")
    show_result = show(sql)
    exact_result = exact()
    greet_result = greet(dag.param("name"), dag.param("template"))
    greet_result_2 = greet.override(task_id="greet_2")(dag.param("name"), "1.2")
    compute_result(
        show_result=show_result, exact_result=exact_result, greet_result=greet_result, greet_result_=greet_result_2
    )
