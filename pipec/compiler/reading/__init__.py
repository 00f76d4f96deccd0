"""What the readers of existing pipelines share: the file they read, and the plain Python module they make of it.

A reader turns a target's text into a `Module`: definitions kept as they were written, steps with their settings, and
pipeline functions whose bodies are the statements of the language. The frontend reads that module like any other, so
that a migrated pipeline has no meaning of its own: what is refused in a hand-written module is refused in it.
"""

from pipec.compiler.reading.calls import Asked, constants, policy_of
from pipec.compiler.reading.devices import with_device_names
from pipec.compiler.reading.module import (
    ContainerStep,
    Definition,
    Item,
    Line,
    Module,
    NativeStep,
    Nested,
    PipelineFunction,
    Remark,
    Statement,
    StepFunction,
    render,
)
from pipec.compiler.reading.outcome import Outcome, PipelineRead, Reader, TaskRead, TaskStatus
from pipec.compiler.reading.settings import amount, quantity, settings_of
from pipec.compiler.reading.source import Source, absolute_imports

__all__ = [
    "Asked", "ContainerStep", "Definition", "Item", "Line", "Module", "NativeStep", "Nested", "Outcome",
    "PipelineFunction", "PipelineRead", "Reader", "Remark", "Source", "Statement", "StepFunction", "TaskRead",
    "TaskStatus", "absolute_imports", "amount", "constants", "policy_of", "quantity", "render", "settings_of",
    "with_device_names",
]  # fmt: skip
