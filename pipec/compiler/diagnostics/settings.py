"""2xx: settings of steps and pipelines that are wrong."""

from __future__ import annotations

from dataclasses import dataclass

from pipec.compiler.diagnostics.finding import Finding, Label
from pipec.ir import Span


@dataclass(frozen=True)
class UnknownSetting(Finding):
    """`@step` or `@pipeline` has no such setting.

    Example:

        @step(memmory="2Gi")
        def f(n: int) -> int: ...

    Use instead: `memory="2Gi"`.
    """

    setting: str
    similar: str = ""

    code = "PC209"
    name = "unknown-setting"

    @property
    def message(self) -> str:
        return f"there is no setting {self.setting!r}"

    @property
    def help(self) -> str:
        return f"did you mean {self.similar!r}?" if self.similar else ""


@dataclass(frozen=True)
class InvalidSetting(Finding):
    """A setting has a value that it cannot have.

    Example:

        @step(memory="two gigabytes")
        def f(n: int) -> int: ...

    Use instead: a form of the language's table, such as `memory="2Gi"`.
    """

    setting: str
    reason: str

    code = "PC210"
    name = "invalid-setting"

    @property
    def message(self) -> str:
        return f"{self.setting}: {self.reason}"


@dataclass(frozen=True)
class UnknownGpu(Finding):
    """The site's GPU catalogue has no such name.

    Example:

        @step(gpu="nvidia-a1000000")
        def f(n: int) -> int: ...

    Use instead: a known name, or add the device under `[tool.pipec.gpu.<name>]`.
    """

    wanted: str
    known: tuple[str, ...]

    code = "PC211"
    name = "unknown-gpu"

    @property
    def message(self) -> str:
        return f"this site knows no GPU {self.wanted!r}"

    @property
    def help(self) -> str:
        return f"known: {', '.join(self.known)}" if self.known else "add it under `[tool.pipec.gpu.<name>]`"


@dataclass(frozen=True)
class CachedEffect(Finding):
    """A step that is called for its effect declares a cache; a hit would leave the effect out.

    Example:

        @step(cache=True)
        def notify(n: int) -> None: ...

        @pipeline
        def p(n: int = 3):
            notify(n)

    Use instead: leave `cache` out, or use the step's result.
    """

    step: str

    code = "PC212"
    name = "cached-effect"

    @property
    def message(self) -> str:
        return f"step {self.step!r} is called for its effect and must not be cached"


@dataclass(frozen=True)
class CannotFuse(Finding):
    """Calls that follow one another are to share a task, and one task could not do what they do.

    They have one process, one set of resources and one attempt: settings that are about the process have to be equal,
    and nothing else may run between them.

    Example:

        @step(fuse="preparation", image="python:3.12")
        def load(n: int) -> list: ...

        @step(fuse="preparation", image="python:3.13")
        def clean(rows: list) -> list: ...

        @pipeline
        def p(n: int = 3):
            return clean(load(n))

    Use instead: the same settings for all of them, or no `fuse` for one.
    """

    task: str
    steps: tuple[str, ...]
    reason: str
    other: Span | None = None

    code = "PC219"
    name = "cannot-fuse"

    @property
    def message(self) -> str:
        steps = ", ".join(map(repr, self.steps))
        return f"{steps} cannot share the task {self.task!r}: {self.reason}"

    @property
    def help(self) -> str:
        return "make it equal, or leave `fuse` out for one of them"

    @property
    def labels(self) -> tuple[Label, ...]:
        return () if self.other is None else (Label(self.other, "and this"),)


@dataclass(frozen=True)
class NothingToFuse(Finding):
    """A step is to share a task, and no step of that name reads its result or gives it one.

    Each of its calls has a task of its own, as without the setting.

    Example:

        @step(fuse="preparation")
        def load(n: int) -> list: ...

        @pipeline
        def p(n: int = 3):
            return load(n)

    Use instead: the same name for the step before or behind it, or no `fuse`.
    """

    task: str

    code = "PC320"
    name = "nothing-to-fuse"
    severity = "warning"

    @property
    def message(self) -> str:
        return f"no two steps that follow one another share the task {self.task!r}"
