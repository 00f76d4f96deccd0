"""2xx: the pipeline is wrong."""

from __future__ import annotations

from dataclasses import dataclass

from pipec.compiler.diagnostics.finding import Finding, Label
from pipec.ir import Span


@dataclass(frozen=True)
class UnknownName(Finding):
    """The pipeline body uses a name that is bound neither in it nor in its module.

    Example:

        @pipeline
        def p(rows: int = 3):
            return load(row)

    Use instead: the name as it was bound.
    """

    wanted: str
    similar: str = ""

    code = "PC201"
    name = "unknown-name"

    @property
    def message(self) -> str:
        return f"{self.wanted!r} is not defined"

    @property
    def help(self) -> str:
        return f"did you mean {self.similar!r}?" if self.similar else ""


@dataclass(frozen=True)
class UnboundName(Finding):
    """A name is used although some path that gets here does not bind it.

    After an `if` a name is usable when every path binds it (paths that return or raise do not count); what a loop
    binds is unbound afterwards.

    Example:

        @pipeline
        def p(n: int = 3):
            if n > 2:
                x = f(n)
            return g(x)

    Use instead: bind the name in the other path too, for example to `None`.
    """

    wanted: str
    reason: str
    where: Span | None = None

    code = "PC202"
    name = "unbound-name"

    @property
    def message(self) -> str:
        return f"{self.wanted!r} may be unbound here: {self.reason}"

    @property
    def labels(self) -> tuple[Label, ...]:
        return (Label(self.where, f"{self.wanted!r} is bound here only"),) if self.where else ()


@dataclass(frozen=True)
class WrongArguments(Finding):
    """A call does not fit the signature of the step or pipeline.

    Example:

        @step
        def f(a: int) -> int: ...

        @pipeline
        def p():
            return f(b=1)

    Use instead: the parameters that the function has.
    """

    callee: str
    reason: str
    where: Span

    code = "PC203"
    name = "wrong-arguments"

    @property
    def message(self) -> str:
        return f"{self.callee}() {self.reason}"

    @property
    def labels(self) -> tuple[Label, ...]:
        return (Label(self.where, f"{self.callee!r} is defined here"),)


@dataclass(frozen=True)
class InvalidContainer(Finding):
    """A `container(...)` step cannot be read, or does not fit together.

    It names its image, its command line and what goes in and out, all known at build time. `{name}` in an element of
    the command line stands for an input or output; each of them has a place there.

    Example:

        train = container("registry/train:1", ["train", "--rows", "{row}"], inputs={"rows": int})

    Use instead:

        train = container("registry/train:1", ["train", "--rows", "{rows}"], inputs={"rows": int})
    """

    step: str
    reason: str

    code = "PC217"
    name = "invalid-container"

    @property
    def message(self) -> str:
        return f"container step {self.step!r} {self.reason}"


@dataclass(frozen=True)
class InvalidNative(Finding):
    """A `native(...)` step cannot be read.

    It names its target, and one expression of that target's own language that makes the task, both known at build
    time. Names in the expression are its inputs and outputs, those of the module, or are bound by the import statements
    in `imports`. `inputs` and `outputs` are written out with their annotations, which are of values and files.

    Example:

        copy = native("airflow", "BashOperator(task_id='copy', bash_command='cp a b')")

    Use instead:

        copy = native(
            "airflow",
            "BashOperator(task_id='copy', bash_command='cp a b')",
            imports=["from airflow.providers.standard.operators.bash import BashOperator"],
        )
    """

    step: str
    reason: str

    code = "PC218"
    name = "invalid-native"

    @property
    def message(self) -> str:
        return f"native step {self.step!r} {self.reason}"


@dataclass(frozen=True)
class RecursivePipeline(Finding):
    """A pipeline calls itself, directly or through another.

    Example:

        @pipeline
        def p(n: int = 3):
            return p(n)

    Use instead: a fan-out, or a step that loops.
    """

    cycle: tuple[str, ...]

    code = "PC204"
    name = "recursive-pipeline"

    @property
    def message(self) -> str:
        return f"pipelines call each other in a circle: {' -> '.join(self.cycle)}"


@dataclass(frozen=True)
class LooksIntoArtifact(Finding):
    """An expression looks into an artifact, which only steps can open.

    The body may index, iterate, measure (`len`), compare with `None`, merge and pass collections of artifacts.

    Example:

        @step
        def load(rows: int): ...

        @pipeline
        def p(rows: int = 3):
            if load(rows)["ok"]:
                f(rows)

    Use instead: annotate the result as a value: `def load(rows: int) -> dict:`, or look into it in a step.
    """

    what: str
    annotation: str
    producer: Span | None = None

    code = "PC205"
    name = "looks-into-artifact"

    @property
    def message(self) -> str:
        return (
            f"{self.what} is an artifact ({self.annotation or 'no return annotation'}), and the pipeline looks into it"
        )

    @property
    def help(self) -> str:
        return "annotate the producer's result as a value (`-> dict`, `-> float`, ...), or look into it in a step"

    @property
    def labels(self) -> tuple[Label, ...]:
        return (Label(self.producer, "produced here"),) if self.producer else ()


@dataclass(frozen=True)
class LazyCall(Finding):
    """A step is called where Python may not evaluate the expression, or may do so many times.

    A step call inside an expression is a task, which either runs or does not: in a lambda, on the right of `and` and
    `or`, or in an arm of a conditional expression that would be decided only at run time.

    Example:

        @pipeline
        def p(n: int = 3):
            return n > 2 and f(n)

    Use instead: an `if` statement.
    """

    callee: str
    place: str

    code = "PC206"
    name = "lazy-call"

    @property
    def message(self) -> str:
        return f"step {self.callee!r} is called in {self.place}"

    @property
    def help(self) -> str:
        return "use an `if` statement, or call the step before"


@dataclass(frozen=True)
class CarriedValue(Finding):
    """A loop iteration uses a value that another iteration made. Iterations run in parallel; only loops over constants
    are unrolled.

    Example:

        @pipeline
        def p(xs: list = []):
            total = 0
            for x in xs:
                total = f(total, x)
            return total

    Use instead: collect the results with `append`, and combine them in a step after the loop.
    """

    wanted: str
    where: Span | None = None

    code = "PC207"
    name = "carried-value"

    @property
    def message(self) -> str:
        return f"{self.wanted!r} is carried from one iteration to the next"

    @property
    def help(self) -> str:
        return "collect with `append`, and combine in a step after the loop"

    @property
    def labels(self) -> tuple[Label, ...]:
        return (Label(self.where, "changed here, inside the loop"),) if self.where else ()


@dataclass(frozen=True)
class WrongUnpacking(Finding):
    """The number of names differs from the number of values.

    Example:

        @step
        def split(n: int) -> tuple[int, int]: ...

        @pipeline
        def p(n: int = 3):
            a, b, c = split(n)

    Use instead: as many names as the annotation has elements.
    """

    wanted: int
    got: str

    code = "PC208"
    name = "wrong-unpacking"

    @property
    def message(self) -> str:
        return f"{self.wanted} names for {self.got}"


@dataclass(frozen=True)
class MutatedResult(Finding):
    """The pipeline body changes a value in place.

    Values between tasks are copies; only `append` and item assignment to a collection created empty have a meaning.

    Example:

        @pipeline
        def p(n: int = 3):
            frame = load(n)
            frame["x"] = 1

    Use instead: make the change in a step that returns the new value.
    """

    what: str
    instead: str = ""
    """What says the same without a change."""

    code = "PC213"
    name = "mutated-result"

    @property
    def message(self) -> str:
        return f"{self.what} is changed in place"

    @property
    def help(self) -> str:
        return self.instead or "make the change in a step that returns the new value"


@dataclass(frozen=True)
class DuplicateName(Finding):
    """Two pipelines of one build have the same name, so their outputs would overwrite each other.

    So do names that differ only in what the name of a file, or an id of the target, does not have.

    Example: `@pipeline(name="train")` twice in a folder, or `name="train a"` beside `name="train/a"`.

    Use instead: different names.
    """

    wanted: str
    where: Span
    other: str = ""
    """The name of the other one."""
    file: str = ""
    """What both would be written to, with the target's folder."""

    code = "PC214"
    name = "duplicate-pipeline"

    @property
    def message(self) -> str:
        if self.other in ("", self.wanted):
            return f"there are two pipelines named {self.wanted!r}"
        return f"the pipelines {self.wanted!r} and {self.other!r} would both be {self.file}"

    @property
    def labels(self) -> tuple[Label, ...]:
        return (Label(self.where, "the other one"),)
