"""A flow in Metaflow's own words."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Model(BaseModel):
    """Base of all: frozen, strict."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class FlowParameter(Model):
    """A `Parameter` of the flow."""

    name: str
    lines: tuple[str, ...]
    """The assignment, laid out."""


class FlowStep(Model):
    """A method with `@step`."""

    name: str
    doc: str
    decorators: tuple[str, ...] = ()
    """Lines above `@step`."""
    join: bool = False
    body: tuple[str, ...]
    """Lines, indented, the transition last."""


class Flow(Model):
    """A file with one `FlowSpec`."""

    name: str
    bases: str
    step: str = "step"
    """What `@step` is called in the file."""
    doc: str
    """The docstring's lines, joined."""
    module_doc: str = ""
    imports: tuple[str, ...]
    code: str = ""
    """The user's definitions."""
    code_first: bool = False
    """Whether the code starts with a plain statement, which takes one blank line above."""
    helpers: tuple[str, ...] = ()
    decorators: tuple[str, ...] = ()
    """Lines above the class."""
    parameters: tuple[FlowParameter, ...] = ()
    steps: tuple[FlowStep, ...]
