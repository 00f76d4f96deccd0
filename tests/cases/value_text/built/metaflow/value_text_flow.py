"""Hostile text: templates, quotes of all kinds, backslashes, newlines, controls, and everything outside ASCII."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, Parameter, current, step

HOSTILE = [
    "{{ ds }} {% raw %} {# c #} {{ '{{' }}",
    "$(whoami) `id` $HOME ${HOME} $$ $$$(HOME) %s %(x)s {0} {x}",
    """it's "quoted" '''thrice''' \\ \\n \\""",
    "line\nbreak\ttab\r\nreturn\x0b\x00\x1b[0m\x7f",
    "{{$.inputs.parameters['x']}} {{inputs.parameters.x}} {{workflow.name}}",
    "- yaml: [no, yes, null, ~, 1e3] # comment",
    "ünïcödé 漢字 👩‍👩‍👧 \u202eright to left \ufeff",
    "</script><b>&amp;",
    " leading and trailing ",
    "",
]


def hostile() -> list[str]:
    return HOSTILE


def echo(text: str, prefix: str = "{{ prefix }} 'quoted' \"twice\" \\") -> str:
    return prefix + text


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


class ValueTextFlow(FlowSpec):
    """value_text"""

    text = Parameter("text", default='{{ ds }} it\'s "quoted" \\ $(x) \n {% raw %}')

    @step
    def start(self):
        """Start the flow."""
        self.next(self.hostile, self.echo, self.echo_3)

    @step
    def hostile(self):
        """Run `hostile`."""
        with empty_folder():
            self.texts = plain(hostile())
        self.next(self.list_t)

    @step
    def list_t(self):
        """List what `t` goes through."""
        self.any_t = bool(self.texts)
        self.next({True: self.each_t, False: self.no_t}, condition="any_t")

    @step
    def each_t(self):
        """Start a task for each `t`."""
        self.next(self.echo_2, foreach="texts")

    @step
    def echo_2(self):
        """Run `echo`."""
        with empty_folder():
            self.echo_result_2 = plain(echo(self.input))
        self.next(self.gather_echo_result_2_by_t)

    @step
    def gather_echo_result_2_by_t(self, inputs):
        """Collect the results of each `t`, in order."""
        self.merge_artifacts(inputs, include=["texts"])
        self.echo_result_2_by_t = [task.echo_result_2 for task in inputs]
        self.next(self.after)

    @step
    def no_t(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.echo_result_2_by_t = []
        self.next(self.after)

    @step
    def after(self):
        """Go on from whichever branch ran."""
        self.next(self.join)

    @step
    def echo(self):
        """Run `echo`."""
        with empty_folder():
            self.echo_result = plain(echo(self.text))
        self.next(self.join)

    @step
    def echo_3(self):
        """Run `echo`."""
        with empty_folder():
            self.echo_result_3 = plain(echo("{{ constant }} '\"\\\n"))
        self.next(self.join)

    @step
    def join(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["echo_result", "echo_result_2_by_t", "echo_result_3", "texts"])
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = [
            self.echo_result,
            self.echo_result_2_by_t,
            self.echo_result_3,
            f"{{{{ {self.text} }}}}",
            self.texts,
        ]


if __name__ == "__main__":
    ValueTextFlow()
