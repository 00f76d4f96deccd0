"""What an expression of a DAG file stands for: constants are themselves; these are the rest."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pipec.backends.airflow.reading.scope import Scope, Text


class Refusal(Exception):
    """Something decides what a DAG is, and cannot be read."""

    def __init__(self, node: ast.AST, what: str, reason: str, advice: str = "") -> None:
        super().__init__(reason)
        self.node = node
        self.what = what
        self.reason = reason
        self.advice = advice


@dataclass(eq=False)
class Unknown:
    """What cannot be evaluated without running it."""

    node: ast.AST
    text: Text | None = None


@dataclass(frozen=True)
class External:
    """Something imported."""

    dotted: str
    word: str
    """Airflow's word for it, or the same."""


@dataclass(eq=False)
class Made:
    """What a call of something external gives, which is kept as it is: `Asset("s3://a")`, `Param(3)`."""

    word: str
    args: list[object]
    kwargs: dict[str, object]
    node: ast.AST
    text: Text | None = None


@dataclass(frozen=True)
class Moment:
    """A point in time."""

    when: datetime
    """Without a zone."""
    zone: str | None = None


@dataclass(eq=False)
class Method:
    """A method of a value, not called yet."""

    receiver: object
    name: str


@dataclass(eq=False)
class Function:
    """A function of the file."""

    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    scope: Scope
    name: str
    """What it is called at the top level of the result."""
    local: bool = False
    """It stands inside of a DAG's function."""


@dataclass(eq=False)
class Class:
    """A class of the file."""

    node: ast.ClassDef
    operator: bool


@dataclass(eq=False)
class Partial:
    """`functools.partial(f, ...)`."""

    function: Function | External
    args: list[Arg]
    kwargs: dict[str, Arg]


@dataclass(eq=False)
class Decorator:
    """`task`, `task.branch(...)`, `task_group`, `dag(...)`: before it meets its function."""

    word: str
    given: dict[str, Arg]
    node: ast.AST


@dataclass(eq=False)
class TaskFunction:
    """A function under `@task`: a call makes a task."""

    function: Function
    word: str
    """"task", "task.branch", "setup", ..."""
    given: dict[str, Arg]
    """Arguments of the decorator, and of `.override`."""
    partial: dict[str, Arg] | None = None
    """After `.partial(...)`."""


@dataclass(eq=False)
class GroupFunction:
    """A function under `@task_group`."""

    function: Function
    given: dict[str, Arg]
    partial: dict[str, Arg] | None = None


@dataclass(eq=False)
class DagFunction:
    """A function under `@dag`."""

    function: Function
    given: dict[str, Arg]
    node: ast.AST


@dataclass(eq=False)
class OperatorPartial:
    """`SomeOperator.partial(...)`."""

    word: str
    given: dict[str, Arg]
    node: ast.Call


@dataclass(frozen=True, eq=False)
class Arg:
    """An argument as it was written, and what it stands for."""

    value: object
    text: Text
    node: ast.AST


@dataclass(eq=False)
class Dag:
    """A DAG."""

    id: str
    given: dict[str, Arg]
    node: ast.AST
    function: Function | None = None
    """Under `@dag`."""
    parameters: dict[str, Parameter] = field(default_factory=dict)
    tasks: dict[str, Task] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    edges: dict[tuple[Task, Task], None] = field(default_factory=dict)
    refused: Refusal | None = None
    attributes: dict[str, Arg] = field(default_factory=dict)
    """Set after it was made."""
    asset: bool = False
    """Made by `@asset`."""

    def option(self, name: str) -> Arg | None:
        """An argument of it, or what was set later."""
        return self.attributes.get(name) or self.given.get(name)

    def above(self, task: Task) -> list[Task]:
        """The tasks that `task` waits for."""
        return [up for up, down in self.edges if down is task]

    def below(self, task: Task) -> list[Task]:
        """The tasks that wait for `task`."""
        return [down for up, down in self.edges if up is task]


@dataclass(eq=False)
class Parameter:
    """A parameter of a DAG; what stands for it in arguments."""

    name: str
    default: object
    required: bool
    annotation: str
    node: ast.AST
    options: tuple[str, ...] = ()
    """What its `Param` says besides."""
    doc: str = ""


@dataclass(eq=False)
class Group:
    """A task group."""

    id: str
    """With the ids of the groups around it."""
    parent: Group | None
    dag: Dag
    node: ast.AST
    tasks: list[Task] = field(default_factory=list)
    """Those of inner groups, too."""
    mapped: bool = False
    given: dict[str, Arg] = field(default_factory=dict)

    def inside(self) -> list[Group]:
        """The groups around it, itself first."""
        return [self, *(self.parent.inside() if self.parent else [])]


@dataclass(eq=False)
class GroupBody:
    """What a mapped task group does for each item: a DAG of its own, and what that hands on."""

    name: str
    inner: Dag
    result: object


@dataclass(eq=False)
class Mapping:
    """How a task is expanded."""

    mode: Literal["expand", "expand_kwargs"]
    over: dict[str, Arg]
    """Argument -> what it is expanded over; of `expand_kwargs`, one entry called ""."""


@dataclass(eq=False)
class Task:
    """A task, in Airflow's words."""

    dag: Dag
    id: str
    """With the ids of its groups."""
    word: str
    """Its operator: "PythonOperator", "task.branch", or the dotted path of what the reader does not know."""
    node: ast.Call
    given: dict[str, Arg]
    """The operator's arguments, without `task_id` and `dag`."""
    text: Text
    """The whole call."""
    group: Group | None = None
    function: object = None
    """What it calls: a `Function`, `External`, `Partial`, of TaskFlow tasks and Python operators; a `GroupBody`."""
    args: list[Arg] = field(default_factory=list)
    kwargs: dict[str, Arg] = field(default_factory=dict)
    """What the function is called with."""
    mapping: Mapping | None = None
    setup: bool = False
    teardown: bool = False
    setups: list[Task] = field(default_factory=list)
    attributes: dict[str, Arg] = field(default_factory=dict)
    """Set after it was made."""

    @property
    def label(self) -> str:
        """Its id within its group."""
        return self.id.rpartition(".")[2] if self.group else self.id

    def option(self, name: str) -> Arg | None:
        """An argument of it, what was set later, or the DAG's default for it."""
        own = self.attributes.get(name) or self.given.get(name)
        return own or self.default(name)

    def default(self, name: str) -> Arg | None:
        """What `default_args` of its groups and its DAG say."""
        for owner in (*(self.group.inside() if self.group else ()), self.dag):
            given = owner.given.get("default_args")
            if given is not None and isinstance(given.value, dict) and name in given.value:
                return Arg(given.value[name], given.text, given.node)
        return None

    @property
    def trigger_rule(self) -> str:
        """When it starts."""
        found = self.option("trigger_rule")
        if found is None:
            return "all_success"
        return found.value if isinstance(found.value, str) else "?"

    @property
    def is_taskflow(self) -> bool:
        """Whether it is a call of a decorated function."""
        return self.word.split(".")[0] in ("task", "setup", "teardown", "asset")


@dataclass(frozen=True)
class Result:
    """The result of a task, or a part of it."""

    task: Task
    key: str | None = None
    """The key of its XCom; `None`: what it returned."""
    path: tuple[object, ...] = ()


@dataclass(eq=False)
class Combined:
    """`a.zip(b)`, `a.concat(b)`, `a.map(f)`."""

    how: str
    parts: list[object]
    node: ast.AST


@dataclass(eq=False)
class Labelled:
    """`Label("...")` between two tasks."""

    text: str
