"""5xx: reading pipelines that were written for an orchestrator."""

from __future__ import annotations

from dataclasses import dataclass

from pipec.compiler.diagnostics.finding import Finding


@dataclass(frozen=True)
class UnreadablePipeline(Finding):
    """The file cannot be read as a pipeline of that orchestrator: it is no such document, or a broken one.

    Example:

        pipelineInfo: {name: training}
        root: {dag: {tasks: {train: {componentRef: {name: comp-that-is-not-there}}}}}

    Use instead: a document that the orchestrator itself accepts.
    """

    target: str
    reason: str

    code = "PC501"
    name = "unreadable-pipeline"

    @property
    def message(self) -> str:
        return f"this is no pipeline of {self.target} that can be read: {self.reason}"


@dataclass(frozen=True)
class NothingToMigrate(Finding):
    """The file has no pipeline of the orchestrator that `--from` names.

    Example:

        def train(rows):
            return rows

    Use instead: a file that defines a DAG, a flow or a pipeline.
    """

    target: str

    code = "PC502"
    name = "nothing-to-migrate"

    @property
    def message(self) -> str:
        return f"there is no pipeline of {self.target} in this file"


@dataclass(frozen=True)
class KeptNative(Finding):
    """A task has no counterpart in plain Python: it is kept in the words of its own target, where alone it can run.

    It goes back to that target unchanged, and every other target refuses the pipeline with PC401.

    Example:

        SparkSubmitOperator(task_id="clean", application="clean.py")

    Use instead: a step that does the same in Python, or a `container(...)`.
    """

    target: str
    task: str
    what: str
    """The class or construct that it is made by."""

    code = "PC503"
    name = "kept-native"
    severity = "warning"

    @property
    def message(self) -> str:
        return f"`{self.task}` is kept as it is: `{self.what}` is a task that only {self.target} can run"

    @property
    def help(self) -> str:
        return "to move it elsewhere, replace it by a step that does the same in Python, or by a `container(...)`"


@dataclass(frozen=True)
class Adapted(Finding):
    """Something was written in another form, and means the same.

    Example:

        def train(data: Input[Dataset], model: Output[Model]):
            ...

    Use instead: nothing; the result is a step that takes and returns paths.
    """

    task: str
    """The task, or the pipeline."""
    how: str

    code = "PC504"
    name = "adapted"
    severity = "info"

    @property
    def message(self) -> str:
        return f"`{self.task}` was adapted: {self.how}"


@dataclass(frozen=True)
class SettingNotKept(Finding):
    """A setting of the original has no counterpart in pipec and is not in the result.

    Example:

        PythonOperator(task_id="train", python_callable=train, sla=timedelta(hours=2))

    Use instead: what the help of the finding says, where there is something.
    """

    target: str
    task: str
    setting: str
    reason: str = ""

    code = "PC505"
    name = "setting-not-kept"
    severity = "warning"

    @property
    def message(self) -> str:
        return f"`{self.setting}` of `{self.task}` is not kept" + (f": {self.reason}" if self.reason else "")

    @property
    def same(self) -> object:
        return (self.setting, self.reason)

    @property
    def topic(self) -> str:
        return f"`{self.task}`"


@dataclass(frozen=True)
class CannotMigrate(Finding):
    """Something decides what the pipeline does, and it cannot be read statically or said in plain Python.

    No module is written for that pipeline: what it would do instead would be a guess.

    Example:

        for table in fetch_tables():
            PythonOperator(task_id=table, python_callable=load)

    Use instead: what the help of the finding says, where there is something; or write that part by hand.
    """

    target: str
    what: str
    reason: str
    advice: str = ""

    code = "PC506"
    name = "cannot-migrate"

    @property
    def message(self) -> str:
        return f"{self.what} cannot be migrated: {self.reason}"

    @property
    def help(self) -> str:
        return self.advice


@dataclass(frozen=True)
class ChangedMeaning(Finding):
    """The result does not do quite what the original did, in a way that the message names.

    Example:

        KubernetesPodOperator(task_id="train", trigger_rule="one_done")

    Use instead: decide whether the difference matters, and remove the remark from the result.
    """

    target: str
    task: str
    difference: str

    code = "PC507"
    name = "changed-meaning"
    severity = "warning"

    @property
    def message(self) -> str:
        return f"`{self.task}` does not do quite the same: {self.difference}"


@dataclass(frozen=True)
class ModuleElsewhere(Finding):
    """The result imports a module of the project that is found from the original, and not from where the result lies.

    pipec looks for modules beside the file, below the project root, and in the folders of `[tool.pipec] paths`. One
    that it finds in none of them counts as a library that is installed, and its code is not taken along.

    Example: `from helpers import clean` in `dags/training.py`, which becomes `dags/migrated/training.py`.

    Use instead: the folder in `[tool.pipec] paths`, or in `--out` a place from where it is found.
    """

    module: str
    folder: str
    """Where it lies, as `paths` has it."""

    code = "PC508"
    name = "module-elsewhere"
    severity = "warning"

    @property
    def message(self) -> str:
        return f"`{self.module}` is not found from where the result is written"

    @property
    def help(self) -> str:
        return f'write `paths = ["{self.folder}"]` into `[tool.pipec]` of pyproject.toml, where the module lies'
