"""The server: takes a compiled pipeline, and runs its Argo workflow."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml

from tests.support.pipelinespec import pods, resolve, workspaces
from tests.support.pipelinespec.drivers import Answer, Drivers
from tests.support.pipelinespec.errors import DriverError, Refused
from tests.support.pipelinespec.launcher import Launcher
from tests.support.pipelinespec.metadata import Execution, Spec, Store
from tests.support.pipelinespec.objects import Objects
from tests.support.pipelinespec.values import fit, wire
from tests.support.pipelinespec.workflow import Compiler, Node, Template

Phase = Literal["Succeeded", "Failed", "Skipped", "Omitted"]
PARAMETERS = 10_000
"""Bytes that the parameters of a run may have together."""
FILE = 32 * 2**20
"""Bytes of a pipeline's file."""


@dataclass(frozen=True)
class Step:
    """A container task that has ended."""

    task: str
    index: tuple[int, ...]
    status: Literal["succeeded", "failed", "cached"]
    attempts: int
    outputs: dict[str, Any] = field(default_factory=dict)
    """Parameters that it has handed out."""
    settings: Spec = field(default_factory=dict)
    """Of its pod."""


@dataclass
class Run:
    """What a run did."""

    status: Literal["succeeded", "failed"] = "succeeded"
    steps: list[Step] = field(default_factory=list)
    loops: list[tuple[str, tuple[int, ...], int]] = field(default_factory=list)
    """Task, indices of the loops around it, and how many iterations it has."""
    errors: list[str] = field(default_factory=list)
    phases: dict[str, Phase] = field(default_factory=dict)
    """Template/task -> how it ended; the last iteration counts."""
    faulty: bool = False
    """Whether a driver or the launcher failed, rather than the user's code."""
    outputs: dict[str, Any] = field(default_factory=dict)
    """What the pipeline hands out: parameters, and lists of artifacts."""


def surroundings(**more: str) -> dict[str, str]:
    """Variables for the containers of a server: those of this process, but for where it finds its own code, and `more`."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | more


class Server:
    """A server with an object store, a metadata store and perhaps a cache. `order` is that of tasks that are ready."""

    def __init__(
        self,
        folder: Path,
        environment: Mapping[str, str],
        caching: bool = False,
        order: Callable[[list[Node]], list[Node]] = list,
    ) -> None:
        self.store = Store()
        self.objects = Objects(folder / "objects")
        self.drivers = Drivers(self.store, {} if caching else None)
        self.launcher = Launcher(self.store, self.objects, folder / "pods", environment)
        self.order = order
        self.store.workspace = str(folder / "kfp-workspace")
        self._runs = 0

    def run(self, text: str, arguments: Mapping[str, Any]) -> Run:
        """Run the pipeline in `text`; `Refused` where the server does not take it, or its arguments."""
        spec, platform = load(text)
        compiler = Compiler(spec)
        if len(json.dumps(dict(arguments))) > PARAMETERS:
            raise Refused(f"the input parameter length exceeds maximum size of {PARAMETERS}")
        self._runs += 1
        self.store.workflow = f"{spec['pipelineInfo']['name']}-x7k2{self._runs}"
        engine = _Engine(self, compiler, platform, f"minio://mlpipeline/v2/artifacts/run-{self._runs}")
        return engine.start(dict(arguments))


def load(text: str) -> tuple[Spec, Spec]:
    """The two documents of a compiled pipeline."""
    if len(text) > FILE:
        raise Refused("the file is too large")
    documents = [d for d in yaml.load_all(text, yaml.CSafeLoader) if d]
    if not documents:
        raise Refused("no pipeline")
    spec, platform = documents[0], documents[1] if len(documents) > 1 else {}
    if spec.get("schemaVersion") != "2.1.0":
        raise Refused("KFP only supports schema version 2.1.0")
    if not spec.get("pipelineInfo", {}).get("name"):
        raise Refused("pipelineInfo.name is empty")
    return spec, platform.get("platforms", {}).get("kubernetes", {})


class _Engine:
    """Argo: enters templates, and starts what is ready."""

    def __init__(self, server: Server, compiler: Compiler, platform: Spec, root: str) -> None:
        self.server = server
        self.compiler = compiler
        self.claim = workspaces.claim(platform)
        self.pods: Spec = platform.get("deploymentSpec", {}).get("executors", {})
        self.root = root
        self.run = Run()

    def start(self, arguments: dict[str, Any]) -> Run:
        root = self.compiler.components["root"]
        known = root.get("inputDefinitions", {}).get("parameters", {})
        if unknown := arguments.keys() - known.keys():
            raise Refused(f"no such parameters: {sorted(unknown)}")
        given = {n: arguments.get(n, s.get("defaultValue")) for n, s in known.items()}
        missing = [n for n, s in known.items() if given[n] is None and not s.get("isOptional")]
        if missing:
            raise Refused(f"no values for {missing}")
        values = {n: wire(v) for n, v in given.items()}
        fit(values, known, frozenset())
        self.dag = self.server.store.create("dag", "root", None, inputs=values, artifacts={})
        phase = self.enter(self.compiler.templates["entrypoint"], self.dag, None)
        if phase == "Failed":
            self.run.status = "failed"
        else:
            self.run.outputs = self._outputs(root)
        return self.run

    def enter(self, template: Template, dag: Execution, iteration: int | None) -> Phase:
        """Run a template: in rounds of all that is ready; after a failure nothing more is started."""
        phases: dict[str, Phase] = {}
        answers: dict[str, Answer] = {}
        while len(phases) < len(template.nodes):
            ready = [n for n in template.nodes if n.name not in phases and all(d in phases for d in n.depends)]
            for node in self.server.order(ready):
                if any(phases[d] != "Succeeded" for d in node.depends):
                    phases[node.name] = "Omitted"
                    continue
                answer = answers.get(node.driver)
                if node.conditional and answer is not None and not answer.triggers:
                    phases[node.name] = "Skipped"
                    continue
                try:
                    phases[node.name] = self._node(node, dag, iteration, answer, answers)
                except DriverError as error:
                    phases[node.name] = self._failed(node, error)
                if node.hook:
                    hooked = self.enter(self.compiler.templates[node.hook], dag, None)
                    phases[node.name] = "Failed" if hooked == "Failed" else phases[node.name]
            if "Failed" in phases.values():
                break
        self.run.phases |= {f"{template.name}/{name}": phase for name, phase in phases.items()}
        return "Failed" if "Failed" in phases.values() else "Succeeded"

    def _failed(self, node: Node, error: DriverError) -> Phase:
        self.run.errors.append(f"{node.task_name or node.name}: {error}")
        self.run.faulty = True
        return "Failed"

    def _node(
        self, node: Node, dag: Execution, iteration: int | None, answer: Answer | None, answers: dict[str, Answer]
    ) -> Phase:
        drivers, interface = self.server.drivers, self.compiler.interface
        match node.work:
            case "root":
                answers[node.name] = Answer(dag)
            case "dag":
                own = iteration if node.iteration else None
                answers[node.name] = made = drivers.dag(node, interface(node.component), dag, own)
                if made.execution.iterations is not None:
                    self.run.loops.append((node.task_name, dag.index, made.execution.iterations))
            case "container":
                container = self.compiler.executor(node.component)["container"]
                own = iteration if node.iteration else None
                answers[node.name] = drivers.container(node, interface(node.component), dag, container, own)
            case "importer":
                drivers.importer(
                    node, interface(node.component), self.compiler.executor(node.component)["importer"], dag
                )
            case "template":
                inner = answer.execution if answer is not None else dag
                return self.enter(self.compiler.templates[node.template], inner, None)
            case "iterations":
                assert answer is not None
                return self._iterations(node, answer.execution)
            case "executor":
                assert answer is not None
                return self._execute(node, answer)
        return "Succeeded"

    def _iterations(self, node: Node, loop: Execution) -> Phase:
        template = self.compiler.templates[node.template]
        phases = [self.enter(template, loop, i) for i in range(loop.iterations or 0)]
        return "Failed" if "Failed" in phases else "Succeeded" if phases else "Skipped"

    def _execute(self, node: Node, answer: Answer) -> Phase:
        execution, launcher = answer.execution, self.server.launcher
        if answer.cached:
            self.run.steps.append(Step(node.task_name, execution.index, "cached", 0))
            return "Succeeded"
        component = self.compiler.interface(node.component)
        container = self.compiler.executor(node.component)["container"]
        pod = launcher.pod(execution, component, container, self.root)
        config = self.pods.get(self.compiler.components[node.component]["executorLabel"], {})
        settings = pods.settings(self.server.store, execution, node.task, container, config)
        space = workspaces.Mounted(self.server.store.workspace, execution.inputs, self.claim)
        limit = float(config["activeDeadlineSeconds"]) if "activeDeadlineSeconds" in config else None
        most = 1 + int(node.task.get("retryPolicy", {}).get("maxRetryCount", 0))
        said = ""
        for attempt in range(1, most + 1):
            faulty = False
            try:
                with space:
                    ended = launcher.attempt(pod, limit, attempt)
                said = ended.output
                good = ended.status == 0
            except DriverError as error:
                good, faulty, said = False, True, str(error)
            if good:
                break
        ending = "succeeded" if good else "failed"
        outputs = execution.outputs or {}
        self.run.steps.append(Step(node.task_name, execution.index, ending, attempt, outputs, settings))
        if not good:
            execution.state = "FAILED"
            self.run.errors.append(f"{node.task_name}: {said}")
            self.run.faulty = self.run.faulty or faulty
        elif answer.fingerprint and self.server.drivers.cache is not None:
            self.server.drivers.cache[answer.fingerprint] = execution
        self.server.store.settle(execution.parent)
        return "Succeeded" if good else "Failed"

    def _outputs(self, root: Spec) -> dict[str, Any]:
        """What a consumer after the pipeline would get; the server itself looks at none of it."""
        handed = root["dag"].get("outputs", {})
        self.dag.parameter_sources = handed.get("parameters", {})
        self.dag.artifact_sources = handed.get("artifacts", {})
        outer = Execution(0, "dag", "", None, {}, {})
        self.server.store._children[0] = [self.dag]
        found: dict[str, Any] = {}
        for key in self.dag.parameter_sources:
            output = {"producerTask": "root", "outputParameterKey": key}
            found[key] = resolve.parameter(self.server.store, outer, {}, {"taskOutputParameter": output})
        for key in self.dag.artifact_sources:
            output = {"producerTask": "root", "outputArtifactKey": key}
            found[key] = resolve.artifact(self.server.store, outer, {"taskOutputArtifact": output})
        return found
