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


@dataclass(frozen=True)
class AnnotationsAsText(Finding):
    """Code looks at annotations, and in generated files annotations are text.

    The files begin with `from __future__ import annotations`, so that a name which only annotations mention need not be
    there when a task runs.

    Example:

        class Options:
            size: int = 3

        @step
        def work(n: int) -> list:
            return [kind(n) for kind in Options.__annotations__.values()]

    Use instead: `typing.get_type_hints(Options)`, which gives the types either way.
    """

    what: str

    code = "PC311"
    name = "annotations-as-text"
    severity = "warning"

    @property
    def message(self) -> str:
        return f"`{self.what}` may be text in a task: generated files postpone annotations"

    @property
    def help(self) -> str:
        return "ask `typing.get_type_hints`, which gives the types either way"


@dataclass(frozen=True)
class ImportedByText(Finding):
    """Code imports a module whose name is computed, so that it is not known whether the module is there in a task.

    Modules of the project go with a step only as far as its code mentions what is in them.

    Example:

        import importlib

        @step
        def work(name: str) -> str:
            return importlib.import_module(name).__name__

    Use instead: import the modules that may be meant, and choose among them by name from a dict.
    """

    what: str

    code = "PC312"
    name = "imported-by-text"
    severity = "warning"

    @property
    def message(self) -> str:
        return f"what `{self.what}(...)` imports is known in the task only, and no module of the project is there"

    @property
    def help(self) -> str:
        return "import what may be meant, and choose from a dict"


@dataclass(frozen=True)
class RenamedDefinition(Finding):
    """Two modules have a class of the same name, so that one of them is called differently in generated code.

    Its `__name__` stays, and pickles find it. What shows its `__qualname__`, as the `repr` of a dataclass does, shows
    the other name.

    Example: a dataclass `Point` in two modules, both used by steps.

    Use instead: different names, where their `repr` matters.
    """

    old: str
    new: str

    code = "PC313"
    name = "renamed-definition"
    severity = "warning"

    @property
    def message(self) -> str:
        return f"two modules have a {self.old!r}: this one becomes {self.new!r}, and its `repr` may show it"

    @property
    def help(self) -> str:
        return "give it another name where its `repr` matters"
