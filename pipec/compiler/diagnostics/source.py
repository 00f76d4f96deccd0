"""1xx: source that cannot be read statically."""

from __future__ import annotations

from dataclasses import dataclass

from pipec.compiler.diagnostics.finding import Finding


@dataclass(frozen=True)
class InvalidSyntax(Finding):
    """The file is no valid Python.

    The place and the message are CPython's own.

    Example:

        def train(rows
            return rows

    Use instead:

        def train(rows):
            return rows
    """

    reason: str

    code = "PC101"
    name = "invalid-syntax"

    @property
    def message(self) -> str:
        return self.reason


@dataclass(frozen=True)
class UnreadableFile(Finding):
    """The file cannot be read: it does not exist, is a folder, or may not be opened.

    Example: `pipec build piplines.py`

    Use instead: `pipec build pipelines.py`
    """

    reason: str

    code = "PC102"
    name = "unreadable-file"

    @property
    def message(self) -> str:
        return f"cannot read {self.span.file}: {self.reason}"


@dataclass(frozen=True)
class NotUtf8(Finding):
    """The file is not encoded as it says, or as UTF-8 where it says nothing.

    Example: a module saved as Latin-1 without a coding line.

    Use instead: save the file as UTF-8.
    """

    reason: str

    code = "PC103"
    name = "not-utf8"

    @property
    def message(self) -> str:
        return f"{self.span.file} cannot be decoded: {self.reason}"

    @property
    def help(self) -> str:
        return "save the file as UTF-8"


@dataclass(frozen=True)
class NoPipeline(Finding):
    """The file has no function marked `@pipeline`.

    Example:

        def train(rows: int) -> int:
            return rows

    Use instead: mark a function with `@pipeline`, or name one on the command line: `pipec build FILE:FUNCTION`.
    """

    code = "PC104"
    name = "no-pipeline"

    @property
    def message(self) -> str:
        return f"{self.span.file} has no pipeline"

    @property
    def help(self) -> str:
        return "mark a function with `@pipeline`, or name one: `FILE:FUNCTION`"


@dataclass(frozen=True)
class UnknownPipeline(Finding):
    """The file has no function of the name given on the command line.

    Example: `pipec build train.py:trian`

    Use instead: `pipec build train.py:train`
    """

    wanted: str
    known: tuple[str, ...]

    code = "PC105"
    name = "unknown-pipeline"

    @property
    def message(self) -> str:
        return f"{self.span.file} has no function {self.wanted!r}"

    @property
    def help(self) -> str:
        return f"it has {', '.join(self.known)}" if self.known else ""


@dataclass(frozen=True)
class UnresolvedName(Finding):
    """Code that a step reaches uses a name that is bound nowhere in its module.

    In the task it would be a `NameError`; pipec finds it when it builds.

    Example:

        @step
        def train(rows: int) -> int:
            return rows * FACTOR

    Use instead: define or import the name at the top level of the module.
    """

    wanted: str
    step: str

    code = "PC106"
    name = "unresolved-name"

    @property
    def message(self) -> str:
        return f"{self.wanted!r} is not defined in this module, and step {self.step!r} reaches it"


@dataclass(frozen=True)
class UnsupportedStatement(Finding):
    """A pipeline body is made of a few kinds of statements; this is none of them.

    Nothing is guessed: what pipec cannot translate with its exact meaning is refused.

    Example:

        @pipeline
        def p(n: int = 3):
            while n > 0:
                n = f(n)

    Use instead: put the loop into a step, or use `for x in xs:` for a fan-out.
    """

    what: str
    instead: str

    code = "PC107"
    name = "unsupported-statement"

    @property
    def message(self) -> str:
        return f"{self.what} has no place in a pipeline body"

    @property
    def help(self) -> str:
        return self.instead


@dataclass(frozen=True)
class UnsupportedExpression(Finding):
    """An expression of a pipeline body may only compute with values; this one does something else.

    Example:

        @pipeline
        def p(n: int = 3):
            return f(n := 4)

    Use instead: compute it in a step.
    """

    what: str
    instead: str = "compute it in a step"

    code = "PC108"
    name = "unsupported-expression"

    @property
    def message(self) -> str:
        return f"{self.what} has no place in an expression of a pipeline body"

    @property
    def help(self) -> str:
        return self.instead


@dataclass(frozen=True)
class NotAStep(Finding):
    """A pipeline body calls something that is neither a step, nor a pipeline, nor one of the pure builtins.

    A step is a function at the top level of a module of the project.

    Example:

        @pipeline
        def p(n: int = 3):
            print(n)

    Use instead: call it inside a step.
    """

    callee: str
    reason: str

    code = "PC109"
    name = "not-a-step"

    @property
    def message(self) -> str:
        return f"`{self.callee}` is no step: {self.reason}"

    @property
    def help(self) -> str:
        return "a step is a function at the top level of a module of the project; call anything else inside a step"


@dataclass(frozen=True)
class NotConstant(Finding):
    """A setting, or a pipeline's default, must be known when the pipeline is built.

    Literals, arithmetic over them, module constants and pipec's own `Retry(...)`, `GPU(...)` and so on are.

    Example:

        import os

        @step(memory=os.environ["MEMORY"])
        def train(rows: int) -> int: ...

    Use instead: a constant, or the project's configuration: `[tool.pipec.steps.train]`.
    """

    what: str
    reason: str

    code = "PC110"
    name = "not-constant"

    @property
    def message(self) -> str:
        return f"{self.what} is not constant: {self.reason}"

    @property
    def help(self) -> str:
        return "write a constant; what differs between clusters belongs into `[tool.pipec]` of pyproject.toml"


@dataclass(frozen=True)
class Unsliceable(Finding):
    """Code that a step reaches cannot be taken out of its module safely.

    Example: a function that reads `__file__`: in a task the module's file is not there.

    Use instead: what the message says.
    """

    what: str
    reason: str

    code = "PC111"
    name = "unsliceable-code"

    @property
    def message(self) -> str:
        return f"{self.what} cannot travel with the step: {self.reason}"


@dataclass(frozen=True)
class UnreadableText(Finding):
    """A text file beside the module that a step reads cannot be read when the pipeline is built.

    What reads a text file of the project by a path made of `__file__` becomes a constant with its text: a file in the
    project's folder, not hidden, of at most 2,000,000 bytes, in UTF-8 or the encoding that is written out.

    Example:

        from pathlib import Path

        PROMPT = Path(__file__).with_name("promt.txt").read_text()

        @step
        def ask(question: str) -> str:
            return PROMPT + question

    Use instead: the name of a file that is there, `encoding=` where it is not UTF-8; and an artifact for what is large
    or no text.
    """

    reason: str

    code = "PC112"
    name = "unreadable-text"

    @property
    def message(self) -> str:
        return f"the text cannot be read when the pipeline is built: {self.reason}"
