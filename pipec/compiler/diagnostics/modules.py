"""3xx: what a module does when it is imported, or keeps, and a task sees otherwise."""

from __future__ import annotations

from dataclasses import dataclass

from pipec.compiler.diagnostics.finding import Finding


@dataclass(frozen=True)
class SettingLeftOut(Finding):
    """A setting that the module makes when it is imported is not made in the tasks, since it cannot go with a step.

    No step mentions what it sets, but libraries may look at it.

    Example:

        import os

        os.environ["DATA"] = __file__

        @step
        def work(n: int) -> int:
            return n

    Use instead: a value that does not depend on where the module lies, or `env` of the step's settings.
    """

    what: str

    code = "PC314"
    name = "setting-left-out"
    severity = "warning"

    @property
    def message(self) -> str:
        return f"`{self.what}` is not set in the tasks: the statement cannot go with a step"

    @property
    def help(self) -> str:
        return "give it a value that does not depend on where the module lies, or use `env` of the step's settings"


@dataclass(frozen=True)
class RunsOnImport(Finding):
    """A pipeline is called at the top level of a module, so that it runs whenever the module is imported.

    The call does not go with a step.

    Example:

        @pipeline
        def p(n: int = 3) -> int:
            return train(n)

        p()

    Use instead: `if __name__ == "__main__":` above the call.
    """

    code = "PC315"
    name = "runs-on-import"
    severity = "warning"

    @property
    def message(self) -> str:
        return "importing this module runs a pipeline"

    @property
    def help(self) -> str:
        return 'call it under `if __name__ == "__main__":`'


@dataclass(frozen=True)
class SharedState(Finding):
    """A step changes an object of its module, and another step looks at it.

    Each task is a process of its own, so that on an orchestrator nobody else sees the change; in plain Python all steps
    see it.

    Example:

        SEEN = []

        @step
        def load(n: int) -> int:
            SEEN.append(n)
            return n

        @step
        def report(n: int) -> int:
            return len(SEEN) + n

    Use instead: return what the other step needs, and pass it as an argument.
    """

    what: str
    step: str
    other: str

    code = "PC316"
    name = "shared-state"
    severity = "warning"

    @property
    def message(self) -> str:
        return (
            f"step {self.step!r} changes {self.what!r}, and step {self.other!r}, which uses it too, will not see that"
        )

    @property
    def help(self) -> str:
        return "return what the other step needs, and pass it as an argument"


@dataclass(frozen=True)
class ProjectFile(Finding):
    """Code names a file of the project by text. Code goes with a step; other files of the project do not.

    Steps also run in a working folder of their own.

    Example: `open("vocabulary.txt")` in a step, with a file of that name beside the module.

    Use instead: `WORDS = Path(__file__).with_name("vocabulary.txt").read_text()`, which is a constant; what is large,
    or no text, in the image or in a store, with its path or content as a parameter.
    """

    file: str

    code = "PC317"
    name = "project-file"
    severity = "warning"

    @property
    def message(self) -> str:
        return f"{self.file!r} is a file of the project, which is not there in a task"

    @property
    def help(self) -> str:
        return (
            "read a text by `Path(__file__).with_name(...).read_text()`, which makes a constant of it; keep others in "
            "the image or in a store, and pass their paths"
        )
