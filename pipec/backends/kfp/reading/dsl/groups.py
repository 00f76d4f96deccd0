"""The blocks of a pipeline while its function is evaluated: conditions, loops, exit handlers, and the tasks in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from pipec.backends.kfp.reading.dsl import channels
from pipec.backends.kfp.reading.dsl.channels import Condition
from pipec.backends.kfp.reading.dsl.names import CHANNEL_PREFIX, kubernetes_name, unique
from pipec.backends.kfp.reading.dsl.parts import Port
from pipec.backends.kfp.reading.dsl.problems import refused
from pipec.backends.kfp.reading.dsl.tasks import Task
from pipec.ir import NOWHERE, Span

CONDITION, BRANCHES, LOOP, EXIT, ROOT = "condition", "condition-branches", "for-loop", "exit-handler", "pipeline"


@dataclass(eq=False)
class Group:
    """A block."""

    kind: str
    label: str | None = None
    """The name that the user gave it."""
    name: str = ""
    tasks: list[Task] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    parent: Group | None = None
    span: Span = NOWHERE
    sequence: int = 0
    role: str = ""
    """Of a condition: "if", "elif" or "else"."""
    conditions: list[Condition] = field(default_factory=list)
    negations: list[Condition] = field(default_factory=list)
    """What holds where neither this condition nor those before it did."""
    item: channels.LoopParameter | channels.LoopArtifact | None = None
    parallelism: int = 0
    exit_task: Task | None = None
    variable: str | None = None
    """What `as` calls the item of a loop."""
    merges: int = 0
    """How many `dsl.OneOf` there are of it."""

    @property
    def children(self) -> list[Group | Task]:
        """What is directly in it."""
        return [*self.groups, *self.tasks]

    def walk(self) -> Iterator[Group]:
        """It and all blocks in it, outer ones first."""
        yield self
        for group in self.groups:
            yield from group.walk()

    def remove(self, task: Task) -> None:
        """Take a task out of it."""
        if task in self.tasks:
            self.tasks.remove(task)
        for group in self.groups:
            group.remove(task)


class Recorder:
    """One pipeline while its function is evaluated."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.tasks: dict[str, Task] = {}
        self.parameters: dict[str, Port] = {}
        """The inputs of the pipeline."""
        self.root = Group(ROOT, name="the pipeline itself")
        self.stack = [self.root]
        self._identity = 0
        self._sequence = 0

    @property
    def current(self) -> Group:
        """The innermost open block."""
        return self.stack[-1]

    @property
    def changes(self) -> int:
        """How many tasks and blocks there are: whether evaluating something has changed the pipeline."""
        return self._sequence

    def find(self, name: str) -> Task | Group:
        """The task or block of that name."""
        if name in self.tasks:
            return self.tasks[name]
        for group in self.root.walk():
            if group.name == name and group is not self.root:
                return group
        raise refused(f"`{name}`", "there is no such task in the pipeline")

    def next_identity(self) -> str:
        """The number of the next block."""
        self._identity += 1
        return str(self._identity)

    def next_sequence(self) -> int:
        """The place of the next task or block in the source."""
        self._sequence += 1
        return self._sequence

    def add(self, task: Task) -> str:
        """Put a task into the current block; gives its name."""
        name = kubernetes_name(task.component.name)
        name = unique(name or "task", self.tasks)
        self.tasks[name] = task
        task.parent = self.current
        task.sequence = self.next_sequence()
        self.current.tasks.append(task)
        return name

    def enter(self, group: Group) -> Any:
        """`with group:`; gives what `as` binds."""
        if group.role in ("elif", "else"):
            self._wrap()
        group.name = f"{group.kind}-{self.next_identity()}"
        self.push(group)
        return group.item if group.kind == LOOP else group

    def leave(self, group: Group) -> None:
        """The end of the block. After an `else`, that of the branches as well."""
        self.stack.pop()
        if group.role == "else":
            self.stack.pop()

    def push(self, group: Group) -> None:
        """Open a block."""
        group.parent = self.current
        group.sequence = group.sequence or self.next_sequence()
        self.current.groups.append(group)
        self.stack.append(group)

    def _wrap(self) -> None:
        """Put the `if` before an `elif` or `else` into a block of branches, which stays open, as the SDK does."""
        if self._last_group().role == "elif":
            return
        branches = Group(BRANCHES)
        first = self.current.groups.pop()
        number = first.name.rsplit("-", 1)[1]
        branches.name, first.name = f"{BRANCHES}-{number}", f"{CONDITION}-{self.next_identity()}"
        branches.span, branches.sequence = first.span, first.sequence
        self.push(branches)
        self.push(first)
        self.stack.pop()

    def _last_group(self) -> Group:
        return self.current.groups[-1] if self.current.groups else Group(ROOT)

    def condition(self, role: str, condition: Any, label: str | None, span: Span) -> Group:
        """`dsl.If`, `dsl.Elif`, `dsl.Else`."""
        word = f"`dsl.{role.capitalize()}`"
        before: list[Condition] = []
        if role != "else" and not isinstance(condition, Condition):
            raise refused(word, "its condition is not a comparison with an output or a parameter of the pipeline")
        if role != "if":
            if self._last_group().role not in ("if", "elif"):
                raise refused(word, "there is no `dsl.If` before it")
            before = [replace(one) for one in self._last_group().negations]
        own = [condition] if role != "else" else []
        negations = [*before, *(one.negation() for one in own)]
        return Group(CONDITION, label, span=span, role=role, conditions=[*before, *own], negations=negations)

    def one_of(self, sources: list[Any]) -> channels.OneOf:
        """`dsl.OneOf(...)`."""
        first = sources[0]
        if not all(isinstance(one, channels.Channel) for one in sources):
            raise refused("`dsl.OneOf`", "it takes outputs of tasks")
        task = first.task
        branches = task.parent.parent if isinstance(task, Task) and task.parent else None
        if branches is None or not branches.groups or branches.groups[-1].role != "else":
            raise refused("`dsl.OneOf`", "its outputs are not those of the branches of an `If` that has an `Else`")
        branches.merges += 1
        name = f"{CHANNEL_PREFIX}{branches.name}-oneof-{branches.merges}"
        merged: channels.OneOf
        if isinstance(first, channels.Artifact):
            merged = channels.OneOfArtifact(name, first.kind, branches.name, self, first.is_list)
        else:
            merged = channels.OneOfParameter(name, first.kind, branches.name, self)
        merged.channels, merged.branches = list(sources), branches
        return merged

    def exit_handler(self, task: Any, label: str | None, span: Span) -> Group:
        """`dsl.ExitHandler(task)`."""
        if not isinstance(task, Task):
            raise refused("`dsl.ExitHandler`", "its exit task is no task")
        upstream = [v for v in task.inputs.values() if isinstance(v, channels.Parameter) and v.task is not None]
        if task.after or upstream:
            raise refused("`dsl.ExitHandler`", "its exit task depends on another task")
        for group in self.stack:
            group.remove(task)
        task.is_exit = True
        return Group(EXIT, label, span=span, exit_task=task)

    def loop(self, items: Any, label: str | None, parallelism: int | None, span: Span) -> Group:
        """`dsl.ParallelFor(items)`."""
        code = "" if isinstance(items, channels.Channel) else self.next_identity()
        item = channels.loop_item(items, code, self)
        if (parallelism or 0) < 0:
            raise refused("`dsl.ParallelFor`", "its `parallelism` is negative")
        return Group(LOOP, label, span=span, item=item, parallelism=parallelism or 0)
