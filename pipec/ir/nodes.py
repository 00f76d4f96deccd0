"""The pipeline itself: a tree of blocks of nodes; values are assigned once."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from pipec.ir.base import Node, Span
from pipec.ir.code import Component, Definition
from pipec.ir.expressions import Const, Expr, ValueId
from pipec.ir.policies import PipelinePolicy, TaskPolicy
from pipec.ir.types import Type

NodeId: TypeAlias = str
"""Name of a node: unique in the pipeline, a Python identifier, stable under unrelated edits."""


class Output(Node):
    """One value that a task hands on."""

    id: ValueId
    type: Type
    select: str | int | None = None
    """What of the function's result: `None` all of it, an int the element at that index, a str the attribute."""


class Iteration(Node):
    """One turn of a loop over a constant that was unrolled."""

    index: int
    span: Span
    """The loop."""


class CallSite(Node):
    """Which call of the source a task is: the key of run reports."""

    step: str
    group: tuple[str, ...] = ()
    """Names of the sub-pipelines around the call, outermost first."""
    line: int
    """Line of the call in its own file."""
    iterations: tuple[Iteration, ...] = ()
    """The unrolled loops around the call, outermost first, within its pipeline function."""


class Otherwise(Node):
    """What runs in the stead of a native step where its target is not."""

    component: str
    """Name of the `Component`, which takes and gives the same."""
    policy: TaskPolicy = TaskPolicy()


class Task(Node):
    """One call of a component."""

    kind: Literal["task"] = "task"
    id: NodeId
    component: str
    """Name of the `Component`."""
    args: dict[str, Expr] = {}
    """Port name -> operand, in the order of the call. Ports that are not listed keep the function's default."""
    outputs: tuple[Output, ...] = ()
    """Always the whole result first when anything reads it; empty when nothing reads the result."""
    effect: bool = False
    """Called for its effect: a sequence point of its block."""
    caught: ValueId | None = None
    """Set by the `soften` pass: the task ends well even when it has failed for good; its outputs are `None` then, and
    this value is the message (a str). After a success it is `None`."""
    policy: TaskPolicy = TaskPolicy()
    otherwise: Otherwise | None = None
    site: CallSite
    fused: tuple[NodeId, ...] = ()
    """Set by the `fuse` pass: the tasks that this one stands for, in the order in which its function calls them."""
    span: Span


class Check(Node):
    """`assert condition, message` or `raise PipelineFailed(message)`: fails the run. A sequence point."""

    kind: Literal["check"] = "check"
    id: NodeId
    condition: Expr
    """The run fails unless it is true; `Const` "False" for a `raise`."""
    message: Expr | None = None
    """Evaluated when the check fails; `str(...)` of it is the message. `None`: there is no message."""
    source: str = ""
    """The statement as written, for people; "" for a check that a pass has made."""
    caught: ValueId | None = None
    """As in `Task`."""
    span: Span


class Wait(Node):
    """`wait_for(uri)`: a sensor. A sequence point."""

    kind: Literal["wait"] = "wait"
    id: NodeId
    uri: Expr
    every: float = 300.0
    """Seconds between two looks."""
    timeout: float | None = None
    """Seconds after which the run fails; `None`: it waits for ever."""
    caught: ValueId | None = None
    """As in `Task`."""
    span: Span


class RunValue(Node):
    """`run.id`, `run.name`, `run.date` or `run.attempt`, as a value of the pipeline."""

    kind: Literal["run"] = "run"
    id: NodeId
    output: ValueId
    what: Literal["id", "name", "date", "attempt"]
    """"name" is the name of the run, with that of the pipeline in it. "date" is the logical date as "YYYY-MM-DD", UTC;
    the day of the start where there is none. "attempt" is an int from 1, and is read by arguments of tasks only: each
    task reads its own."""
    span: Span


class Let(Node):
    """One assignment inside a `Compute`."""

    id: ValueId
    expr: Expr
    type: Type


class Compute(Node):
    """Pure expressions that are evaluated at run time: `a = ...; b = ...`, in order, in one small task.

    The `outline` pass leaves only those that cannot be sunk into the task that uses them.
    """

    kind: Literal["compute"] = "compute"
    id: NodeId
    lets: tuple[Let, ...]
    outputs: tuple[ValueId, ...]
    """The lets that something outside reads."""
    caught: ValueId | None = None
    """As in `Task`."""
    span: Span


class Phi(Node):
    """A name that both arms of a branch bind."""

    id: ValueId
    then: Expr
    orelse: Expr
    type: Type


class Branch(Node):
    """`if condition: then else: orelse`. Exactly one block runs."""

    kind: Literal["branch"] = "branch"
    id: NodeId
    condition: Expr
    """Truthiness counts, as in Python."""
    then: Block
    orelse: Block
    outputs: tuple[Phi, ...] = ()
    effect: bool = False
    """A sequence point even where nothing in it is one."""
    span: Span


class Try(Node):
    """`try: body except: handler`, or `try: body finally: final`. Targets see it after the `soften` pass only."""

    kind: Literal["try"] = "try"
    id: NodeId
    body: Block
    handler: Block | None = None
    """Runs when something in the body has failed for good, after all that the body has started has ended."""
    error: ValueId | None = None
    """The message, as the handler reads it; `None` where it does not."""
    final: Block | None = None
    """Runs whatever happened; then the failure of the body, if any, fails the run."""
    outputs: tuple[Phi, ...] = ()
    """`then` after the body, `orelse` after the handler."""
    iterations: tuple[Iteration, ...] = ()
    """As in `CallSite`."""
    span: Span


class LoopVar(Node):
    """A name that the loop header binds, and where in the item it is found."""

    id: ValueId
    path: tuple[int, ...] = ()
    """() is the item itself; (1, 0) is `item[1][0]`."""
    type: Type


class Collect(Node):
    """A list of one value of the body, in iteration order, visible after the loop."""

    id: ValueId
    value: ValueId
    """A value that the body's own block defines (not a loop variable)."""
    type: Type
    """Type of the list."""


class ForEach(Node):
    """A fan-out: the body runs once for every item; iterations are independent."""

    kind: Literal["foreach"] = "foreach"
    id: NodeId
    items: Expr
    """Any iterable; `list(...)` of it is what counts."""
    items_type: Type
    targets: tuple[LoopVar, ...]
    body: Block
    outputs: tuple[Collect, ...] = ()
    limit: int | None = None
    """How many iterations may run at once."""
    effect: bool = False
    iterations: tuple[Iteration, ...] = ()
    """As in `CallSite`."""
    span: Span


class Argument(Node):
    """A parameter of a group, bound to an operand of the block around it."""

    id: ValueId
    """The value that the group's body reads."""
    expr: Expr
    type: Type


class GroupResult(Node):
    """What a group hands out."""

    id: ValueId
    """The value that the block around the group reads."""
    value: Expr
    """Operand over the values of the group's own block."""
    type: Type


class Group(Node):
    """A pipeline called inside a pipeline."""

    kind: Literal["group"] = "group"
    id: NodeId
    name: str
    """Name of the sub-pipeline's function."""
    doc: str = ""
    args: tuple[Argument, ...] = ()
    body: Block
    outputs: tuple[GroupResult, ...] = ()
    effect: bool = False
    iterations: tuple[Iteration, ...] = ()
    """As in `CallSite`."""
    span: Span


class Parallel(Node):
    """`with parallel():` one statement whose direct children do not wait for one another. Its values stay visible."""

    kind: Literal["parallel"] = "parallel"
    id: NodeId
    after: tuple[NodeId, ...] = ()
    """Tasks above it, in any block around it, that all of it waits for: `with parallel(after=...)`."""
    body: Block
    span: Span


class Opaque(Node):
    """Something that a reader met and could not model. It blocks emission."""

    kind: Literal["opaque"] = "opaque"
    id: NodeId
    source: str
    reason: str
    span: Span


Statement = Annotated[
    Task | Compute | Check | Wait | RunValue | Branch | Try | ForEach | Group | Parallel | Opaque,
    Field(discriminator="kind"),
]


class Block(Node):
    """Statements in source order. Order edges follow from it: see `pipec.ir.graph`."""

    nodes: tuple[Statement, ...] = ()


for _model in (Branch, Try, ForEach, Group, Parallel):
    _model.model_rebuild()


class Parameter(Node):
    """A parameter of the pipeline; always a value."""

    name: ValueId
    annotation: str = ""
    file: bool = False
    """Annotated as a file: a pipeline that calls this one gives it one, and a run the text of a path."""
    default: Const | None = None
    """`None`: required."""
    doc: str = ""
    span: Span


class Pipeline(Node):
    """A whole pipeline, for one target or for all."""

    ir_version: Literal[2] = 2
    """See `pipec.ir.versions`."""
    name: str
    """As in `@pipeline(name=...)`, else the function's name."""
    function: str
    """Name of the function."""
    module: str
    """Dotted name of its module."""
    file: str
    """Source file, relative to the project root."""
    doc: str = ""
    module_doc: str = ""
    parameters: tuple[Parameter, ...] = ()
    definitions: tuple[Definition, ...] = ()
    """The user's code, in an order that runs top to bottom."""
    components: tuple[Component, ...] = ()
    body: Block = Block()
    result: Expr | None = None
    """`None`: the pipeline returns nothing."""
    result_type: Type | None = None
    policy: PipelinePolicy = PipelinePolicy()
    span: Span

    def component(self, name: str) -> Component:
        """The component called `name`."""
        return next(c for c in self.components if c.name == name)
