"""3xx: what works and is risky."""

from __future__ import annotations

from dataclasses import dataclass

from pipec.compiler.diagnostics.finding import Finding, Label
from pipec.ir import Span


@dataclass(frozen=True)
class MutatedArgument(Finding):
    """A step changes an argument in place, and the value is used again later.

    Each step gets copies, so on an orchestrator nobody else sees the change; plain Python would show it.

    Example:

        @step
        def clean(frame: list) -> int:
            frame.append(1)
            return len(frame)

        @pipeline
        def p(n: int = 3):
            frame = load(n)
            size = clean(frame)
            return report(frame, size)

    Use instead: work on a copy and return it.
    """

    step: str
    argument: str
    where: Span

    code = "PC301"
    name = "mutated-argument"
    severity = "warning"

    @property
    def message(self) -> str:
        return f"step {self.step!r} changes its argument {self.argument!r} in place, and the value is used again"

    @property
    def labels(self) -> tuple[Label, ...]:
        return (Label(self.where, "changed here"),)


@dataclass(frozen=True)
class DiscardedResult(Finding):
    """`_ = f()` is no effect: it gates nothing, unlike the bare call `f()`.

    Example:

        @pipeline
        def p(n: int = 3):
            _ = validate(n)
            return train(n)

    Use instead: `validate(n)` where the order matters; keep `_ =` where it does not.
    """

    step: str

    code = "PC302"
    name = "discarded-result"
    severity = "info"

    @property
    def message(self) -> str:
        return f"the result of {self.step!r} is discarded, and nothing waits for it; a bare call is a sequence point"


@dataclass(frozen=True)
class UnreachableCode(Finding):
    """Statements after a `return` on every path never run.

    Example:

        @pipeline
        def p(n: int = 3):
            return f(n)
            g(n)

    Use instead: remove them.
    """

    code = "PC303"
    name = "unreachable-code"
    severity = "warning"

    @property
    def message(self) -> str:
        return "this is never reached"


@dataclass(frozen=True)
class BareImage(Finding):
    """A step imports libraries, and the container image that it runs in has none: it names no image and no packages.

    On the cluster the step would fail with `ModuleNotFoundError`; a local run uses your own environment and does not
    show it.

    Example:

        import numpy

        @step
        def draw(n: int) -> list:
            return list(numpy.zeros(n))

    Use instead: `@step(image=...)`, `@step(packages=[...])`, or `image` in `[tool.pipec]` of pyproject.toml.
    """

    target: str
    step: str
    libraries: tuple[str, ...]
    image: str

    code = "PC304"
    name = "bare-image"
    severity = "warning"

    @property
    def message(self) -> str:
        libraries = ", ".join(self.libraries)
        return f"step {self.step!r} imports {libraries}, and {self.target} runs it in {self.image!r}, a bare Python"

    @property
    def help(self) -> str:
        return "name an image or packages: `@step(image=...)`, `@step(packages=[...])`, or `image` in `[tool.pipec]`"
