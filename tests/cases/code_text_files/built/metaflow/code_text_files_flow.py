"""Text files beside the modules are part of them: what is read by a path made of `__file__` is a constant."""

import contextlib
import hashlib
import itertools
import json
import os
import pickle
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from metaflow import Flow, FlowSpec, Parameter, current, step


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


def ask(table: str) -> str:
    return query_of(table)


def show(sql: str) -> list[object]:
    text = "{name}\t{size}\n"
    return [text == Templates.row, SETTINGS["name"], sql.count("\n"), QUERY.count("\n"), VERSION]


def exact() -> list[str]:
    return [LATIN, *LINES, ODD]


def greet(name: str, template: str) -> str:
    return signed(template.format(name=name))


@contextlib.contextmanager
def empty_folder() -> Iterator[None]:
    """Run in an empty working folder, without standard input; a function that exits the process has failed."""
    before = os.getcwd()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, open(os.devnull) as nothing:
        os.dup2(nothing.fileno(), 0)  # local runs leave it open: a function that reads it would wait for ever
        os.chdir(tempfile.mkdtemp(dir=folder))
        try:
            yield
        except SystemExit as error:
            raise RuntimeError(f"step {current.step_name!r} called sys.exit({error.code!r})") from error
        finally:
            os.chdir(before)


def reuse(flow: FlowSpec, artifacts: list[str], code: str, inputs: dict, ttl: timedelta | None = None) -> bool:
    """Take the artifacts over from an earlier task of this step with the same code and inputs, if there is one."""
    flow.cache_key = hashlib.sha256(pickle.dumps((code, inputs), protocol=4)).hexdigest()
    flow.reused_from = None
    for run in itertools.islice(Flow(current.flow_name), 20):
        if run.id == current.run_id or current.step_name not in run:
            continue
        for task in run[current.step_name]:
            if not task.successful or "cache_key" not in task or task["cache_key"].data != flow.cache_key:
                continue
            if ttl is None or datetime.now() - task.finished_at < ttl:
                for name in artifacts:
                    setattr(flow, name, task[name].data)
                flow.reused_from = task.pathspec
                return True
    return False


def plain(value: Any) -> Any:
    """The result of a step as plain Python data: scalars of NumPy, enums and named tuples become what they hold."""
    for kind in (bool, str, int, float, bytes):
        if isinstance(value, kind):
            return kind.__str__(value) if kind is str else kind(value)
    if value is None:
        return None
    for kind in (list, tuple, set, frozenset):
        if isinstance(value, kind):
            return kind(plain(item) for item in value)
    if isinstance(value, dict):
        return {plain(key): plain(item) for key, item in value.items()}
    if any(kind.__module__ == "numpy" and kind.__name__ == "generic" for kind in type(value).__mro__):
        item = value.item()
        if type(item) is not type(value):
            return plain(item)
    name = f"{type(value).__module__}.{type(value).__qualname__}".removeprefix("builtins.")
    raise TypeError(
        f"step {current.step_name!r} returned a {name}, which cannot travel as a value; "
        f"annotate its result as an object artifact, such as `-> {type(value).__qualname__}` or `-> object`"
    )


class CodeTextFilesFlow(FlowSpec):
    """code_text_files"""

    name_ = Parameter("name_", default="Zoë")
    template = Parameter("template", default="Dear {name},\n\nthank you.\n")

    @step
    def start(self):
        """Start the flow."""
        self.next(self.ask, self.exact, self.greet, self.greet_2)

    @step
    def ask(self):
        """Run `ask`."""
        if not reuse(self, ["sql"], code="ask 294c772591f59774 1.2", inputs={"table": "films"}):
            with empty_folder():
                self.sql = plain(ask("films"))
        self.next(self.show)

    @step
    def show(self):
        """Run `show`."""
        with empty_folder():
            self.show_result = plain(show(self.sql))
        self.next(self.join)

    @step
    def exact(self):
        """Run `exact`."""
        with empty_folder():
            self.exact_result = plain(exact())
        self.next(self.join)

    @step
    def greet(self):
        """Run `greet`."""
        with empty_folder():
            self.greet_result = plain(greet(self.name_, self.template))
        self.next(self.join)

    @step
    def greet_2(self):
        """Run `greet`."""
        with empty_folder():
            self.greet_result_2 = plain(greet(self.name_, "1.2"))
        self.next(self.join)

    @step
    def join(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["exact_result", "greet_result", "greet_result_2", "show_result"])
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = [self.show_result, self.exact_result, self.greet_result, self.greet_result_2]


if __name__ == "__main__":
    CodeTextFilesFlow()
