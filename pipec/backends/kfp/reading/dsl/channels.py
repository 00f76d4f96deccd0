"""Values that exist only while a pipeline runs: parameters, outputs of tasks, items of loops."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipec.backends.kfp.reading.dsl import kinds
from pipec.backends.kfp.reading.dsl.names import CHANNEL_PREFIX, LOOP_ITEM
from pipec.backends.kfp.reading.dsl.problems import refused

if TYPE_CHECKING:
    from pipec.backends.kfp.reading.dsl.groups import Group, Recorder
    from pipec.backends.kfp.reading.dsl.tasks import Task

_PATTERN = re.compile(r'{{channel:task=([\w\s_-]*);name=([\w\s_-]+);type=([\w\s{}":_-]*);}}')


class Channel:
    """One value of the run. Equal to another of the same name, type and task: texts carry them as patterns."""

    def __init__(self, name: str, kind: Any, task_name: str | None = None, recorder: Recorder | None = None) -> None:
        self.name = name
        self.kind = kind
        self.task_name = task_name or None
        self.recorder = recorder

    @property
    def full_name(self) -> str:
        """With the task's name before it."""
        return f"{self.task_name}-{self.name}" if self.task_name else self.name

    @property
    def pattern(self) -> str:
        """How it stands in a text."""
        kind = json.dumps(self.kind) if isinstance(self.kind, dict) else self.kind or ""
        return "{{channel:task=%s;name=%s;type=%s;}}" % (self.task_name or "", self.name, kind)  # noqa: UP031

    @property
    def task(self) -> Task | Group | None:
        """What makes it."""
        if self.task_name is None or self.recorder is None:
            return None
        return self.recorder.find(self.task_name)

    def __str__(self) -> str:
        return self.pattern

    def __repr__(self) -> str:
        return self.pattern

    def __hash__(self) -> int:
        return hash(self.pattern)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Channel) and self.pattern == other.pattern


class Parameter(Channel):
    """A small value."""


class Artifact(Channel):
    """A file with metadata, or a list of them."""

    def __init__(
        self, name: str, kind: Any, task_name: str | None, recorder: Recorder | None, is_list: bool = False
    ) -> None:
        super().__init__(name, kind, task_name, recorder)
        self.is_list = is_list


class LoopParameter(Parameter):
    """The item of a loop over values."""

    def __init__(self, items: Any, name: str, kind: Any, task_name: str | None, recorder: Recorder | None) -> None:
        super().__init__(name, kind, task_name, recorder)
        self.items = items
        self.constant = not isinstance(items, Channel)

    def field(self, name: str) -> LoopField:
        """`item.name`."""
        return LoopField(self, name)


class LoopArtifact(Artifact):
    """The item of a loop over artifacts."""

    def __init__(self, items: Artifact, name: str, recorder: Recorder | None) -> None:
        super().__init__(name, items.kind, items.task_name, recorder)
        self.items = items
        self.constant = False


class LoopField(Parameter):
    """An entry of an item that is a dict."""

    def __init__(self, loop: LoopParameter, name: str) -> None:
        if not re.match(r"^[a-zA-Z_][0-9a-zA-Z_]*$", name):
            raise refused(f"`{name}` of a loop's item", "it is no name")
        match = re.match(r"(typing\.)?(?:\w+)(?:\[\s*(?:\w+)\s*,\s*(?P<value>.+)\])", str(loop.kind))
        kind = match["value"].strip() if match else "String"
        super().__init__(f"{loop.name}-subvar-{name}", kind, loop.task_name, loop.recorder)
        self.loop = loop
        self.entry = name

    @property
    def items(self) -> Any:
        """What the loop is over."""
        return self.loop.items

    @property
    def constant(self) -> bool:
        """Whether the loop is over a constant."""
        return self.loop.constant


class Collected(Channel):
    """`dsl.Collected(...)`: what all rounds of a loop have made."""

    def __init__(self, output: Channel) -> None:
        if isinstance(output, OneOf):
            raise refused("`dsl.Collected`", "it cannot hold a `dsl.OneOf`")
        self.output = output
        self.is_artifact = isinstance(output, Artifact)
        self.is_list = self.is_artifact
        super().__init__(output.name, output.kind if self.is_artifact else "LIST", output.task_name, output.recorder)


class OneOf(Channel):
    """`dsl.OneOf(...)`: what the branch that ran has made."""

    channels: list[Channel]
    branches: Group

    def __str__(self) -> str:
        raise refused("`dsl.OneOf`", "it cannot stand in a text")


class OneOfParameter(OneOf, Parameter):
    """Of parameters."""


class OneOfArtifact(OneOf, Artifact):
    """Of artifacts."""

    def __init__(self, name: str, kind: Any, task_name: str, recorder: Recorder, is_list: bool) -> None:
        Artifact.__init__(self, name, kind, task_name, recorder, is_list)


LOOPS = (LoopParameter, LoopArtifact, LoopField)


@dataclass(frozen=True)
class Condition:
    """A comparison that the run decides."""

    operator: str
    left: Any
    right: Any
    negated: bool = False

    def negation(self) -> Condition:
        """Its opposite."""
        return Condition(self.operator, self.left, self.right, True)

    @property
    def channels(self) -> list[Channel]:
        """What it compares."""
        return [side for side in (self.left, self.right) if isinstance(side, Channel)]


_REFLECTED = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


def compare(operator: str, left: Any, right: Any) -> Condition:
    """A comparison of which at least one side is a channel, with the sides where Python's protocol puts them."""
    specific = isinstance(left, Channel) and type(right) is not type(left) and isinstance(right, type(left))
    if not isinstance(left, Channel) or specific:
        return Condition(_REFLECTED[operator], right, left)
    return Condition(operator, left, right)


def channel(
    name: str, kind: Any, task_name: str | None = None, recorder: Recorder | None = None, is_list: bool = False
) -> Channel:
    """The value `name` of the type `kind`."""
    if kinds.is_parameter(kind):
        return Parameter(name, kind, task_name, recorder)
    return Artifact(name, kind, task_name, recorder, is_list)


def prefixed(source: Channel | str) -> str:
    """The name under which a value goes into a block that does not have it."""
    return CHANNEL_PREFIX + (source.full_name if isinstance(source, Channel) else source)


def within(value: Any, recorder: Recorder | None = None) -> list[Channel]:
    """The channels in a value, each once, in the order in which they stand there."""
    return list(dict.fromkeys(_within(value, recorder)))


def _within(value: Any, recorder: Recorder | None) -> Iterable[Channel]:
    if isinstance(value, Channel):
        yield value
    elif isinstance(value, str):
        for task_name, name, kind in _PATTERN.findall(value):
            loaded: Any = kind
            with suppress(json.JSONDecodeError):
                loaded = json.loads(kind)
            yield channel(name, loaded, task_name, recorder)
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from _within(one, recorder)
    elif isinstance(value, dict):
        for pair in value.items():
            yield from _within(pair, recorder)


def replaced(value: Any, old: str, new: str) -> Any:
    """`value` with a text replaced everywhere in it; channels become texts."""
    if isinstance(value, dict):
        return {key: replaced(one, old, new) for key, one in value.items()}
    if isinstance(value, list):
        return [replaced(one, old, new) for one in value]
    if isinstance(value, Channel):
        value = value.pattern
    return value.replace(old, new) if isinstance(value, str) else value


def loop_item(items: Any, code: str, recorder: Recorder | None) -> LoopParameter | LoopArtifact:
    """The item of a loop over a channel or a constant list."""
    if isinstance(items, Artifact):
        if not items.is_list:
            raise refused("`dsl.ParallelFor`", f"`{items.name}` is one artifact, not a list of artifacts")
        return LoopArtifact(items, f"{items.name}-{LOOP_ITEM}", recorder)
    if isinstance(items, Parameter):
        if not isinstance(items, LoopField) and kinds.parameter_type(items.kind) != "LIST":
            raise refused("`dsl.ParallelFor`", f"`{items.name}` is no list")
        match = re.match(r"(typing\.)?(?:\w+)(?:\[(?P<item>.+)\])", str(items.kind))
        kind = match["item"].strip() if match else "String"
        return LoopParameter(items, f"{items.name}-{LOOP_ITEM}", kind, items.task_name, recorder)
    if not isinstance(items, (list, tuple)):
        raise refused("`dsl.ParallelFor`", "it takes a list, a parameter or an output")
    if not items:
        raise refused("`dsl.ParallelFor`", "its list is empty")
    return LoopParameter(list(items), f"loop-item-param-{code}", _first_type(items[0]), None, recorder)


def _first_type(first: Any) -> str:
    if isinstance(first, dict):
        key, value = next(iter(first.items()))
        return f"Dict[{type(key).__name__}, {type(value).__name__}]"
    return type(first).__name__
