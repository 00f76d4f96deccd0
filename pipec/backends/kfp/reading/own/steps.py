"""Steps: the user's functions and containers with their settings."""

from __future__ import annotations

import ast
import math
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipec.backends.kfp.containers import GRACE
from pipec.backends.kfp.given import TEXT
from pipec.backends.kfp.reading import policy
from pipec.backends.kfp.reading.arguments import renamed
from pipec.backends.kfp.reading.documents import Documents, Path
from pipec.backends.kfp.reading.own.calls import settings_in
from pipec.backends.kfp.reading.own.definitions import Definitions
from pipec.backends.kfp.reading.own.results import annotated, roles
from pipec.backends.kfp.reading.own.scopes import Ran
from pipec.backends.kfp.reading.own.settings import taken
from pipec.backends.kfp.reading.own.tree import Call, Select
from pipec.backends.kfp.reading.programs import install
from pipec.backends.kfp.reading.values import RefusedError
from pipec.backends.kfp.settings import RETRYING
from pipec.compiler.pysource.text import python
from pipec.compiler.reading import (
    Asked,
    Definition,
    Item,
    StepFunction,
    constants,
    with_device_names,
)
from pipec.compiler.site import Site
from pipec.ir import Cache, Deadline, TaskPolicy

DEFAULT_IMAGE = Site().image


@dataclass
class Step:
    """One step, by its settings."""

    function: str
    component: dict[str, str]
    """Its image and packages."""
    calls: list[Asked] = field(default_factory=list)
    lost: list[tuple[Path, str, str]] = field(default_factory=list)
    roles: dict[Select, str] = field(default_factory=dict)

    @property
    def settings(self) -> dict[str, str]:
        """Setting -> Python source."""
        return {**self.component, **settings_in(self.calls, f"the step `{self.function}`")}


class Steps:
    """The steps of one document."""

    def __init__(
        self,
        documents: Documents,
        told: Mapping[Path, str],
        windows: Mapping[Path, float],
        giver: Callable[[Path], policy.Giver | None],
    ) -> None:
        self.documents, self.told, self.windows, self.giver = documents, told, windows, giver
        self.found: dict[str, Step] = {}
        self.hooks: list[tuple[str, str]] = []
        """Functions that are told of late steps, and the functions of these."""

    def add(self, call: Call, ran: Ran, definition: str) -> None:
        """Note a call of a step, which `definition` defines."""
        component, policy, lost = self.policy(
            ran.path, ran.task, ran.label, ran.program.version, ran.limit, ran.deadline
        )
        if ran.deadline is not None and ran.deadline.tell is not None:
            self.hooks.append((ran.deadline.tell, call.function))
        known = self.found.setdefault(call.function, Step(call.function, component, lost=lost))
        known.calls.append(Asked(policy, _constants(definition, call)))
        known.roles |= roles(self.documents.spec["components"][ran.task["componentRef"]["name"]])
        if known.component != component:
            raise RefusedError(f"the step `{call.function}` has different images in different tasks")

    def policy(
        self,
        path: Path,
        task: Mapping[str, Any],
        label: str,
        version: str,
        limit: float | None = None,
        deadline: Deadline | None = None,
    ) -> tuple[dict[str, str], TaskPolicy, list[tuple[Path, str, str]]]:
        """The settings of the component, the policy of a task, and what is lost of them."""
        given = taken(self.documents, label, task)
        read = policy.read(given.documents, label, path, task, self.giver)
        lost = [one for one in read.lost if one[1] != "backoffMaxDuration" or not _is_usual(task)]
        named = {name: name.removesuffix(TEXT) for name in read.policy.arguments.values()}
        found = given.put_into(renamed(read.policy, named)[0])
        if found.cache is not None:
            cache = Cache(version=version or found.cache.version, ttl=self.windows.get(path))
            found = found.model_copy(update={"cache": cache})
        if limit is not None:
            if found.timeout != math.ceil(limit + GRACE):
                raise RefusedError(f"the time limit of `{path[-1]}` is not known")
            found = found.model_copy(update={"timeout": limit})
        if deadline is not None:
            found = found.model_copy(update={"deadline": deadline})
        if path in self.told:
            found = found.model_copy(update={"on_failure": self.told[path]})
        container = self.documents.spec["deploymentSpec"]["executors"][label]["container"]
        env = {**_exported(container), **found.env}
        if env != found.env:
            found = found.model_copy(update={"env": env})
        own: dict[str, str] = {}
        if container["image"] != DEFAULT_IMAGE:
            own["image"] = python(container["image"])
        if packages := install(container.get("command") or []).packages:
            own["packages"] = python(list(packages))
        return own, with_device_names(found), lost

    def items(self, definitions: Definitions) -> list[Item]:
        """The module's definitions, with the steps among them."""
        found: list[Item] = []
        for told, function in self.hooks:
            definitions.put_before(told, function)
        for step in self.found.values():
            if (hook := step.settings.get("on_failure")) is not None:
                definitions.put_before(hook, step.function)
        for chunk in definitions.ordered():
            own = next((s for s in self.found.values() if chunk.names == (s.function,)), None)
            if own is None or not chunk.source.rpartition("def ")[1]:
                found.append(Definition(chunk.source))
            else:
                source = annotated(chunk.source, own.function, own.roles)
                found.append(StepFunction(source, own.settings))
        return found


def _constants(definition: str, call: Call) -> dict[str, Any]:
    """Parameter -> the constant that a call gives it."""
    made = ast.parse(call.source, mode="eval").body
    functions = [node for node in ast.parse(definition).body if isinstance(node, ast.FunctionDef)]
    return constants(functions[-1], made) if functions and isinstance(made, ast.Call) else {}


def _is_usual(task: Mapping[str, Any]) -> bool:
    return bool((task.get("retryPolicy") or {}).get("backoffMaxDuration") == RETRYING)


def _exported(container: Mapping[str, Any]) -> dict[str, str]:
    """Variables that the command exports itself, since their values look like placeholders."""
    found: dict[str, str] = {}
    script = next((str(part) for part in container.get("command") or () if "program_path=" in part), "")
    head = script.partition("program_path=")[0]
    for word in shlex.split(head, comments=True) if head.startswith("export ") else ():
        name, separator, value = word.partition("=")
        if separator:
            found[name] = value
    return found
