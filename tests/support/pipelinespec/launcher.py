"""The launcher: fetches artifacts, fills in placeholders, runs the program, and keeps what it hands out."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.pipelinespec import containers
from tests.support.pipelinespec.errors import DriverError
from tests.support.pipelinespec.metadata import Artifact, Execution, Spec, Store
from tests.support.pipelinespec.objects import Objects, local_path
from tests.support.pipelinespec.values import plain, read, text_of, wire

PLACEHOLDER = re.compile(
    r"\{\{\$\.(inputs|outputs)\.(parameters|artifacts)\['([^']+)'\](?:\.(output_file|uri|path))?\}\}"
)


@dataclass(frozen=True)
class Pod:
    """A container task that is about to run: all its attempts get the same request."""

    execution: Execution
    component: Spec
    container: Spec
    root: str
    """URI below which its artifacts are stored."""
    request: Spec = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "request", self._request())

    def _request(self) -> Spec:
        """The executor input."""
        outputs = self.component.get("outputDefinitions", {})
        given = self.execution.artifacts
        return {
            "inputs": {
                "parameterValues": plain(self.execution.inputs),
                "artifacts": {n: {"artifacts": [_runtime(a) for a in artifacts]} for n, artifacts in given.items()},
            },
            "outputs": {
                "parameters": {n: {"outputFile": f"/tmp/kfp/outputs/{n}"} for n in outputs.get("parameters", {})},
                "artifacts": {
                    n: {"artifacts": [{"name": n, "uri": f"{self.root}/{n}", "type": spec["artifactType"]}]}
                    for n, spec in outputs.get("artifacts", {}).items()
                },
                "outputFile": f"{local_path(self.root)}/output_metadata.json",
            },
        }

    def defaults(self) -> Spec:
        """The request with the component's own defaults, which only the program gets to see."""
        request: Spec = json.loads(json.dumps(self.request))
        for name, spec in self.component.get("inputDefinitions", {}).get("parameters", {}).items():
            if "defaultValue" in spec:
                request["inputs"]["parameterValues"].setdefault(name, plain(wire(spec["defaultValue"])))
        return request


def _runtime(artifact: Artifact) -> Spec:
    return {"name": str(artifact.id), "uri": artifact.uri, "metadata": plain(artifact.metadata)}


class Launcher:
    """The launchers of one run."""

    def __init__(self, store: Store, objects: Objects, folder: Path, environment: Mapping[str, str]) -> None:
        self.store = store
        self.objects = objects
        self.folder = folder
        self.environment = environment
        self._count = 0

    def pod(self, execution: Execution, component: Spec, container: Spec, root: str) -> Pod:
        """The pod that a driver asks for."""
        return Pod(execution, component, container, f"{root}/{execution.task}/{uuid.uuid4()}")

    def attempt(self, pod: Pod, limit: float | None, number: int = 1) -> containers.Ended:
        """Run `pod` once; its outputs are kept when it succeeds."""
        self._count += 1
        place = self.folder / f"pod-{self._count}"
        place.mkdir(parents=True)
        for artifacts in pod.execution.artifacts.values():
            for artifact in artifacts:
                if (path := local_path(artifact.uri)) is not None:
                    self.objects.download(artifact.uri, Path(f"{place}{path}"))
        pod = _rooted(pod, place)
        for uri in _uris(pod):
            Path(f"{place}{local_path(uri)}").parent.mkdir(parents=True, exist_ok=True)
        request = pod.defaults()
        command, *more = (*pod.container.get("command", ()), *pod.container.get("args", ()))
        arguments = [filled(part, request) for part in more]  # `compileCmdAndArgs` leaves the first one as it was
        count = len(pod.container["command"])
        environment = {**self.environment, **containers.own_environment(pod.container.get("env", ()))}
        environment["KFP_RETRY_INDEX"] = str(number - 1)
        parts = ([command, *arguments[: count - 1]], arguments[count - 1 :])
        ended = containers.run(*parts, environment, place, limit, self.objects)
        if ended.status == 0:
            self._keep(pod, place)
            pod.execution.state = "COMPLETE"
        return ended

    def _keep(self, pod: Pod, place: Path) -> None:
        """Take the results from the file that the program has written, else from a file for each parameter."""
        file = Path(pod.request["outputs"]["outputFile"])
        found: Spec = {}
        if file.exists():
            found = json.loads(file.read_text(encoding="utf-8"))
        values = {name: wire(value) for name, value in found.get("parameterValues", {}).items()}
        definitions = pod.component.get("outputDefinitions", {})
        for name, spec in definitions.get("parameters", {}).items():
            if name not in values:
                own = Path(pod.request["outputs"]["parameters"][name]["outputFile"])
                if not own.exists():
                    raise DriverError(f"failed to read output parameter name={name!r}: no such file")
                values[name] = read(own.read_text(encoding="utf-8"), spec["parameterType"])
        artifacts: dict[str, Artifact] = {}
        for name, spec in definitions.get("artifacts", {}).items():
            stored = pod.request["outputs"]["artifacts"][name]["artifacts"][0]
            told = (found.get("artifacts", {}).get(name, {}).get("artifacts") or [{}])[0]
            uri = told.get("uri") or stored["uri"]
            if (path := local_path(uri)) is not None:
                self.objects.upload(Path(f"{place}{path}"), uri)
            metadata = {"display_name": name, **wire(told.get("metadata", {}))}
            artifacts[name] = self.store.artifact(uri, spec["artifactType"]["schemaTitle"], metadata)
        pod.execution.outputs, pod.execution.output_artifacts = values, artifacts


def _uris(pod: Pod) -> list[str]:
    return [a["uri"] for entry in pod.request["outputs"]["artifacts"].values() for a in entry["artifacts"]]


def _rooted(pod: Pod, place: Path) -> Pod:
    """The pod with the files of its own request below `place`; artifacts keep their URIs."""
    request: Spec = json.loads(json.dumps(pod.request))
    outputs = request["outputs"]
    outputs["outputFile"] = f"{place}{outputs['outputFile']}"
    for output in outputs["parameters"].values():
        output["outputFile"] = f"{place}{output['outputFile']}"
        Path(output["outputFile"]).parent.mkdir(parents=True, exist_ok=True)
    moved = Pod(pod.execution, pod.component, pod.container, pod.root)
    object.__setattr__(moved, "request", request)
    return moved


def filled(text: str, request: Spec) -> str:
    """A part of a command with its placeholders replaced, wherever in it they are."""
    text = text.replace("{{$}}", json.dumps(request, separators=(",", ":")))

    def value(match: re.Match[str]) -> Any:
        side, what, name, about = match.groups()
        found = request[side][("parameterValues" if side == "inputs" else what) if what == "parameters" else what]
        if name not in found:
            return match[0]
        if what == "parameters":
            return text_of(found[name]) if side == "inputs" else found[name]["outputFile"]
        artifact = found[name]["artifacts"][0]
        return local_path(artifact["uri"]) if about == "path" else artifact[about or "uri"]

    return PLACEHOLDER.sub(value, text)
