"""An Airflow DAG file in Airflow's own words: operators, mapped tasks, task groups, dependencies.

Everything that is Python stands as source text on one line; `emit` only lays it out.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class Part(BaseModel):
    """Base of all parts of a DAG file: frozen and strict."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ParamSpec(Part):
    """One entry of `DAG(params=...)`."""

    name: str
    default: str | None
    """Source, or `None` where the run must give it."""
    type: str
    """JSON schema type, or list of types, as source."""
    description: str = ""


class TaskFunction(Part):
    """A module-level function under `@task`."""

    name: str
    operator: str = "task"
    """`task`, one of its kinds, or a decorator of the file's own; "" for none."""
    options: dict[str, str] = {}
    """Keyword arguments of the operator."""
    decorators: tuple[str, ...] = ()
    """Further decorators between the operator and the function, outermost first, without `@`."""
    definition: str = ""
    """The user's own function, decorated as it is."""
    parameters: tuple[str, ...] = ()
    body: tuple[str, ...] = ()
    doc: str = ""


class Call(Part):
    """One task: a call of a task function in the DAG."""

    kind: Literal["call"] = "call"
    target: str = ""
    """Variable that holds the task; "" where nothing refers to it."""
    function: str
    override: dict[str, str] = {}
    args: tuple[str, ...] = ()
    mode: Literal["operator", "direct", "expand", "expand_kwargs"] = "direct"
    """"operator": `function` is an operator class, not a task function."""
    partial: dict[str, str] = {}
    """Arguments that are the same for all instances of a mapped task."""


class TaskGroup(Part):
    """`with TaskGroup(...)`."""

    kind: Literal["group"] = "group"
    id: str
    variable: str
    doc: str = ""
    body: tuple[Item, ...] = ()


class MappedGroup(Part):
    """A `@task_group` function, and its expansion."""

    kind: Literal["mapped"] = "mapped"
    function: str
    id: str
    parameters: tuple[str, ...]
    body: tuple[Item, ...] = ()
    returns: tuple[str, ...] = ()
    target: str = ""
    mode: Literal["expand", "expand_kwargs"] = "expand"
    args: tuple[str, ...] = ()


class Order(Part):
    """Dependencies that no argument implies: `upstream >> downstream`."""

    kind: Literal["order"] = "order"
    chain: tuple[tuple[str, ...], ...]
    """Each link is one task or a list of tasks."""


Item = Annotated[Call | TaskGroup | MappedGroup | Order, Field(discriminator="kind")]

for _model in (TaskGroup, MappedGroup):
    _model.model_rebuild()


class CodePiece(Part):
    """A definition of the user's, as it stands in the file."""

    name: str
    source: str


class StepsFile(Part):
    """The module beside a DAG file with the code of steps that run in environments or containers of their own."""

    doc: str
    imports: tuple[str, ...]
    typing_imports: tuple[str, ...] = ()
    helpers: tuple[str, ...] = ()
    code: tuple[CodePiece | TaskFunction, ...] = ()
    run_step: str
    """The helper that runs one of them."""
    containers: bool = False
    """Whether some run in containers, which say where their answer goes."""


class DagFile(Part):
    """A whole file."""

    doc: str
    imports: tuple[str, ...]
    """Import statements, one name each, in any order."""
    typing_imports: tuple[str, ...] = ()
    """Imports that only annotations need."""
    constants: tuple[str, ...] = ()
    helpers: tuple[str, ...] = ()
    """Source of the fixed helper functions that the file needs."""
    code: tuple[CodePiece | TaskFunction, ...] = ()
    """The user's definitions and the task functions, in an order that runs top to bottom."""
    settings: dict[str, str]
    """Keyword arguments of `DAG(...)`."""
    params: tuple[ParamSpec, ...] = ()
    body: tuple[Item, ...] = ()
    result: str = ""
    """What the run results in, where it is not the last value that no task reads."""
