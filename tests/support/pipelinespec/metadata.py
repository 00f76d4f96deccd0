"""The metadata store: executions and artifacts, and how the drivers find them again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from tests.support.pipelinespec.errors import DriverError

Kind = Literal["dag", "container", "importer"]
State = Literal["RUNNING", "COMPLETE", "FAILED", "CACHED", "CANCELED"]
Spec = dict[str, Any]


@dataclass(frozen=True)
class Artifact:
    """A stored artifact; what a consumer gets as its name is the id."""

    id: int
    uri: str
    schema: str
    metadata: Spec = field(default_factory=dict)
    imported: bool = False


@dataclass
class Execution:
    """A task that a driver has started, or one iteration of it."""

    id: int
    kind: Kind
    task: str
    parent: Execution | None
    inputs: dict[str, Any]
    artifacts: dict[str, list[Artifact]]
    """Input artifacts, as the driver resolved them."""
    iteration: int | None = None
    iterations: int | None = None
    """Of the task that iterates, how many; a guard against counting it as one of them."""
    state: State = "RUNNING"
    outputs: dict[str, Any] = field(default_factory=dict)
    output_artifacts: dict[str, Artifact] = field(default_factory=dict)
    parameter_sources: Spec = field(default_factory=dict)
    """Of a DAG: `dag.outputs.parameters`."""
    artifact_sources: Spec = field(default_factory=dict)
    tasks: int = 0
    """Of a DAG: how many tasks it has."""

    @property
    def index(self) -> tuple[int, ...]:
        """Indices of the loops around, and its own."""
        outer = self.parent.index if self.parent is not None else ()
        return outer if self.iteration is None else (*outer, self.iteration)


class Store:
    """All of one server."""

    def __init__(self) -> None:
        self.workflow = ""
        """Name of the Argo workflow that runs."""
        self.workspace = "/kfp-workspace"
        """Where pods have the workspace of the run."""
        self.executions: list[Execution] = []
        self._children: dict[int, list[Execution]] = {}
        self._artifacts: list[Artifact] = []

    def create(self, kind: Kind, task: str, parent: Execution | None, **more: Any) -> Execution:
        """A new execution."""
        execution = Execution(len(self.executions) + 1, kind, task, parent, **more)
        if kind == "dag":
            _keep_artifacts(execution)
        self.executions.append(execution)
        self._children.setdefault(parent.id if parent is not None else 0, []).append(execution)
        return execution

    def artifact(self, uri: str, schema: str, metadata: Spec, imported: bool = False, again: bool = True) -> Artifact:
        """A new artifact; an importer that does not import again takes an equal one that is there."""
        if imported and not again:
            for known in self._artifacts:
                if known.imported and (known.uri, known.schema) == (uri, schema):
                    return known
        made = Artifact(len(self._artifacts) + 1, uri, schema, metadata, imported)
        self._artifacts.append(made)
        return made

    def inside(self, dag: Execution) -> dict[str, Execution]:
        """The executions of a DAG by task name, DAG and iteration, those of DAGs in it included."""
        found: dict[str, Execution] = {}
        for execution in self._children.get(dag.id, ()):
            name = f"{execution.task}_{dag.id}"
            index = execution.iteration if execution.iteration is not None else dag.iteration
            if index is not None:
                name += f"_idx_{index}"
            if name in found:
                raise DriverError(f"two tasks have the same task name {name!r}")
            found[name] = execution
        for execution in list(found.values()):
            if execution.kind == "dag":
                found |= self.inside(execution)
        return found

    def settle(self, dag: Execution | None) -> None:
        """What a launcher does at its end: tell the DAGs around whether they are complete. Drivers never do."""
        while dag is not None and dag.parent is not None:
            expected = dag.tasks if dag.iterations is None else dag.iterations
            states = [e.state for e in self._children.get(dag.id, ())]
            if sum(state in ("COMPLETE", "CACHED", "CANCELED") for state in states) == expected:
                dag.state = "COMPLETE"
            elif "FAILED" in states:
                dag.state = "FAILED"
            else:
                return
            dag = dag.parent


def _keep_artifacts(dag: Execution) -> None:
    """A DAG's artifacts are kept one for a name and one name for each: of others the server loses some, silently."""
    names: dict[int, str] = {}
    for name, artifacts in dag.artifacts.items():
        if len(artifacts) != 1:
            raise DriverError(f"of the {len(artifacts)} artifacts in {name!r} the DAG {dag.task!r} gets one")
        other = names.setdefault(artifacts[0].id, name)
        if other != name:
            raise DriverError(f"the DAG {dag.task!r} gets one artifact as {other!r} and {name!r}: it loses one of them")
