"""What the lowering writes down before all is known: functions and calls that still change."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from pipec.backends.airflow.model import Call, TaskFunction

if TYPE_CHECKING:
    from pipec.backends.airflow.graph import TaskNode


@dataclass(eq=False)
class FunctionDraft:
    """A task function, and the calls of it."""

    name: str
    operator: str = "task"
    """`task`, one of its kinds, or a decorator of the file's own. "class": an operator of Airflow's own, which each
    call sets up with all its options."""
    options: dict[str, str] = field(default_factory=dict)
    decorators: tuple[str, ...] = ()
    definition: str = ""
    parameters: tuple[str, ...] = ()
    body: tuple[str, ...] = ()
    doc: str = ""
    decorated: bool = False
    """Of "class": a decorated function instead, whose call gives its output itself."""
    isolated: str = ""
    """The decorator that has it run in an environment or container of its own, from the module beside the DAG file."""
    caught: bool = False
    """It ends well when it fails for good."""
    listed: bool = False
    """Its result is mapped over: it must be what its annotation promises, a list."""
    calls: list[CallDraft] = field(default_factory=list)

    @property
    def is_operator(self) -> bool:
        """Whether a call gives an operator, and not what it hands on."""
        return self.operator == "class" and not self.decorated

    def settled(self, isolated: bool = True) -> TaskFunction:
        """The function with the settings that all its calls have in common. Of an isolated one, what stands in the DAG
        file; with `isolated=False`, what runs in the environment."""
        options = dict(self.options)
        decorators = self.decorators
        if self.listed:
            *others, stored = decorators
            head = f"{stored[:-1]}, " if stored.endswith(")") else f"{stored}("
            decorators = (*others, f"{head}listed=True)")
        for key in ("task_id", "trigger_rule"):
            found = {call.override.get(key) for call in self.calls}
            if len(found) == 1 and (value := found.pop()) is not None:
                options[key] = value
                for call in self.calls:
                    del call.override[key]
        order = {"task_id": 0, "multiple_outputs": 1, "trigger_rule": 2}
        options = dict(sorted(options.items(), key=lambda item: order.get(item[0], 9)))
        assert self.operator != "class"
        if self.isolated and isolated:
            return TaskFunction(
                name=self.name, operator=self.operator, options=options, parameters=self.parameters,
                decorators=(*decorators[:-1], self.isolated), doc=self.doc,
            )  # fmt: skip
        return TaskFunction(
            name=self.name, operator=self.operator, options=options, decorators=decorators,
            definition=self.definition, parameters=self.parameters, body=self.body, doc=self.doc,
        )  # fmt: skip


@dataclass(frozen=True)
class CallbackDraft:
    """A function that Airflow calls at the end of a task or of a run."""

    name: str
    body: str

    @property
    def source(self) -> str:
        """The function."""
        return f"def {self.name}(context: Any) -> None:\n    {self.body}"


@dataclass(eq=False)
class CallDraft:
    """A task, or a mapped task."""

    function: FunctionDraft
    variable: str
    used: bool = False
    """Whether anything refers to the variable."""
    override: dict[str, str] = field(default_factory=dict)
    args: list[str] = field(default_factory=list)
    mode: Literal["direct", "expand", "expand_kwargs"] = "direct"
    partial: dict[str, str] = field(default_factory=dict)

    def settled(self) -> Call:
        """The call in the model's words."""
        own = self.function.operator == "class"
        override = {**self.override, **self.function.options} if own else self.override
        return Call(
            target=self.variable if self.used else "", function=self.function.name, override=override,
            args=tuple(self.args), mode="operator" if own else self.mode, partial=self.partial,
        )  # fmt: skip


@dataclass(eq=False)
class GroupDraft:
    """A task group."""

    id: str
    variable: str
    doc: str = ""
    body: list[Draft] = field(default_factory=list)


@dataclass(eq=False)
class MappedDraft:
    """A mapped task group."""

    function: str
    id: str
    parameters: tuple[str, ...]
    exported: list[TaskNode]
    """Tasks that are referred to from outside."""
    body: list[Draft] = field(default_factory=list)
    args: list[str] = field(default_factory=list)
    mode: Literal["expand", "expand_kwargs"] = "expand"


Draft = CallDraft | GroupDraft | MappedDraft
