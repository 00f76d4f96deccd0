"""DAGs as blocks of statements: tasks in their order, arms as `if`, iterations as `for`, the rest as sub-pipelines."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from pipec.backends.kfp.reading.documents import Documents, Path
from pipec.backends.kfp.reading.names import identifier
from pipec.backends.kfp.reading.own.glue import Glue, Made
from pipec.backends.kfp.reading.own.levels import arm_of, in_order, inputs_of, is_cached, is_json, texts_of
from pipec.backends.kfp.reading.own.programs import Program, Programs
from pipec.backends.kfp.reading.own.symbols import Form, Symbols, Value, constant
from pipec.backends.kfp.reading.own.tree import Assign, Choice, Group, Loop, Node, Part, sources
from pipec.backends.kfp.reading.own.tree import walk as every
from pipec.backends.kfp.reading.own.waiting import Waiting
from pipec.backends.kfp.reading.values import RefusedError
from pipec.backends.kfp.scope import RUN_CREATED, RUN_ID, RUN_NAME
from pipec.backends.kfp.sdk import OF_RUN
from pipec.backends.kfp.windows import INPUT, PROGRAM, VERSION
from pipec.compiler.pysource.text import python
from pipec.ir import Deadline

COMPLETED = "ALL_UPSTREAM_TASKS_COMPLETED"
SMALL: dict[Form, re.Pattern[str]] = {
    "window": re.compile(re.escape(f"import time\n\n{PROGRAM}").replace(r"\{\}", r"(\d+(?:\.\d+)?)")),
    "constant": re.compile(r'kfp_result\(task, "Output", "(succeeded|failed)"\)'),
}
"""Form -> the small task whose output it is: it tells the window of a cache, or the end of a run."""
HELPING = ("each-", "some-", "import-")
"""What the DAGs are called that only a loop or an importer needs."""
TOLD = "told-"
"""What those are called that only a step in a loop needs, for the task that tells of its failure."""

DOUBLE = re.compile(r'(\w+) = kfp_value\(task, "[^"]+"\)\nkfp_save\(task, "Output", float\(\1\), "[^"]*"\)')
"""The small task that makes a `float` of a number that Kubeflow has made a double."""
DATE = re.compile(r'(\w+) = kfp_raw\(task, "\w+"\)\nkfp_save\(task, "Output", \1\[:10\], "[^"]*"\)')
"""The one that makes `run.date` of the time when a run was created."""


class Foreign(Protocol):
    """Reads the tasks that have no program of pipec's."""

    def task(
        self, name: str, path: Path, task: Mapping[str, Any], component: Mapping[str, Any], bound: Mapping[str, Value]
    ) -> Made:
        """What one is; `bound`: its inputs."""
        ...

    def placeholder(self, text: str, path: Path) -> Assign:
        """What gives a text that the server fills in for the task at `path`."""
        ...


@dataclass
class Ran:
    """A task that runs a program, for the settings of its step."""

    path: Path
    task: Mapping[str, Any]
    label: str
    program: Program
    limit: float | None = None
    """Its own time limit, where it stands in a `try`."""
    deadline: Deadline | None = None


@dataclass
class Scope:
    """One DAG while it is read."""

    inputs: dict[str, Value]
    path: Path
    nodes: list[Node] = field(default_factory=list)
    outputs: dict[tuple[str, str], Value] = field(default_factory=dict)
    ends: dict[str, set[str]] = field(default_factory=dict)
    """Task -> the nodes that it has become."""


class Scopes:
    """Reads the DAGs of one document."""

    def __init__(self, documents: Documents, symbols: Symbols, programs: Programs, foreign: Foreign) -> None:
        self.documents, self.symbols, self.programs, self.foreign = documents, symbols, programs, foreign
        self.components: Mapping[str, Any] = documents.spec.get("components") or {}
        self.executors: Mapping[str, Any] = documents.spec["deploymentSpec"]["executors"]
        self.waiting = Waiting(documents)
        self.ran: list[Ran] = []
        self.told: dict[Path, tuple[str, str, Program]] = {}
        """DAG and task -> the function that is told when it has failed, and the program with it."""
        self.windows: dict[Path, float] = {}
        """DAG and task -> how many seconds its results are kept."""
        self.parts: list[Part] = []
        self.filled: dict[str, Assign] = {}
        """Text that the server fills in -> what gives it to the function that is being read."""

    def dag(self, component: Mapping[str, Any], scope: Scope) -> Scope:
        """Read the tasks of `component` into `scope`."""
        for name, task in in_order(component["dag"]["tasks"]):
            self.task(name, task, scope)
        return scope

    def handed_out(self, component: Mapping[str, Any], scope: Scope) -> dict[str, Value]:
        """What a DAG without arms hands out."""
        found: dict[str, Value] = {}
        outputs = component["dag"].get("outputs") or {}
        for key, spec in (outputs.get("parameters") or {}).items():
            one = spec.get("valueFromParameter")
            if one is None:
                raise RefusedError(f"the output `{key}` of a DAG is chosen among several tasks")
            found[key] = self._output(scope, one["producerSubtask"], one["outputParameterKey"], key)
        for key, spec in (outputs.get("artifacts") or {}).items():
            (one,) = spec["artifactSelectors"]
            found[key] = self._output(scope, one["producerSubtask"], one["outputArtifactKey"], key)
        return found

    # --- tasks

    def task(self, name: str, task: Mapping[str, Any], scope: Scope) -> None:
        """Read one task."""
        component = self.components[task["componentRef"]["name"]]
        path = (*scope.path, "dag", "tasks", name)
        if _is_exit(task):
            self._tells(name, task, component, scope)
            return
        before = {n for t in self.waiting.of(task) for n in scope.ends[t]}
        bound = self._bound(name, task, scope)
        if "dag" in component:
            made = self._nested(name, task, component, bound)
        else:
            made = self._leaf(name, path, task, component, bound)
        for node in made.nodes:
            node.before |= before
        scope.nodes += made.nodes
        scope.ends[name] = {n.id for n in made.nodes} or before
        scope.outputs |= {(name, key): value for key, value in made.outputs.items()}

    def _leaf(
        self, name: str, path: Path, task: Mapping[str, Any], component: Mapping[str, Any], bound: dict[str, Value]
    ) -> Made:
        label = component["executorLabel"]
        if "importer" in self.executors[label] and (place := bound.get("uri")) is not None and place.form == "uri":
            return Made(outputs={"artifact": Value("artifact", place.source)})
        if (window := bound.pop(INPUT, None)) is not None and window.form == "window":
            self.windows[path] = float(window.source)
        bound.pop(VERSION, None)
        program = self.programs.of(label)
        self._fill(bound, path, program)
        if program is None:
            return self.foreign.task(name, path, task, component, bound)
        double = next((value for value in bound.values() if value.form == "double"), None)
        if double is not None and DOUBLE.fullmatch(program.glue):
            program.check()
            return Made(outputs={"Output": Value("text", double.source)})
        for form, pattern in SMALL.items() if not program.step else ():
            if found := pattern.fullmatch(program.glue):
                program.check()
                return Made(outputs={"Output": Value(form, found[1])})
        made = Glue(program, name, bound, self.symbols, not is_cached(task)).read()
        if program.step:
            self.ran.append(Ran(path, task, label, program, made.limit, made.deadline))
        return made

    def _fill(self, bound: dict[str, Value], path: Path, program: Program | None) -> None:
        """Put what gives it in the place of a text that the server fills in."""
        own = {RUN_ID: "run.id", RUN_NAME: "run.name"}
        for port, value in bound.items():
            if value.form != "constant" or value.source not in OF_RUN.values():
                continue
            if value.source in own:
                bound[port] = Value("raw", own[value.source])
            elif program is None or value.source != RUN_CREATED or not DATE.fullmatch(program.glue):
                if value.source not in self.filled:
                    self.filled[value.source] = self.foreign.placeholder(value.source, path)
                bound[port] = Value("raw", self.filled[value.source].symbol)

    def _tells(self, name: str, task: Mapping[str, Any], component: Mapping[str, Any], scope: Scope) -> None:
        """A task that tells somebody of the failure of another one."""
        program = self.programs.of(component["executorLabel"]) if "executorLabel" in component else None
        inputs = (task.get("inputs") or {}).get("parameters") or {}
        status = ((inputs.get("status") or {}).get("taskFinalStatus") or {}).get("producerTask")
        call = re.search(
            r'\A.*\nif kfp_has_failed\(task, "status"\):\n    (\w+)\(f"step [^"]* has failed \(run \{run\w*\}\)"\)\Z',
            program.glue if program else "",
        )
        if program is None or status is None or call is None:
            raise RefusedError(f"the task `{name}`, which runs whatever has happened, is not one of pipec's")
        program.check()
        place: Path = (*scope.path, "dag", "tasks", status)
        self.told[place] = (call[1], name, program)

    # --- inputs and outputs

    def _bound(self, name: str, task: Mapping[str, Any], scope: Scope) -> dict[str, Value]:
        return {port: self._source(name, port, source, scope) for port, source in inputs_of(task)}

    def _source(self, name: str, port: str, source: Mapping[str, Any], scope: Scope) -> Value:
        match source:
            case {"runtimeValue": {"constant": str(text)}}:
                return Value("constant", text)
            case {"runtimeValue": {"constant": value}} if is_json(value):
                return Value("literal", python(value))
            case {"componentInputParameter": str(key)} | {"componentInputArtifact": str(key)} if key in scope.inputs:
                return scope.inputs[key]
            case {"taskOutputParameter": {"producerTask": str(of), "outputParameterKey": str(key)}}:
                return self._output(scope, of, key, name)
            case {"taskOutputArtifact": {"producerTask": str(of), "outputArtifactKey": str(key)}}:
                return self._output(scope, of, key, name)
        raise RefusedError(f"the input `{port}` of the task `{name}` comes from a place that is not known")

    def _output(self, scope: Scope, of: str, key: str, name: str) -> Value:
        if (of, key) not in scope.outputs:
            raise RefusedError(f"`{name}` needs `{key}` of `{of}`, which does not hand it out")
        return scope.outputs[of, key]

    # --- DAGs

    def _nested(
        self, name: str, task: Mapping[str, Any], component: Mapping[str, Any], bound: dict[str, Value]
    ) -> Made:
        for port, value in bound.items():
            if not port.startswith("pipelinechannel--") and not port.endswith(("_items", "_true", "_uri", "_none")):
                self.symbols.hint(value.source, port, first=True)
        path: Path = ("components", task["componentRef"]["name"])
        if "parameterIterator" in task:
            return self._loop(name, task, component, bound, path)
        arms = [m for t in component["dag"]["tasks"].values() if (m := arm_of(t)) is not None]
        if arms:
            return self._choice(name, component, bound, path, arms[0]["flag"])
        inner = component["dag"]["tasks"]
        if (name.startswith(HELPING) and len(inner) == 1) or _tells_of_one(name, inner):
            scope = self.dag(component, Scope(bound, path))
            return Made(scope.nodes, self.handed_out(component, scope))
        return self._group(name, component, bound, path)

    def _loop(
        self, name: str, task: Mapping[str, Any], component: Mapping[str, Any], bound: dict[str, Value], path: Path
    ) -> Made:
        iterator = task["parameterIterator"]
        item = iterator["itemInput"]
        symbol = self.symbols.new(_item_name(item))
        form = "text"
        match iterator.get("items"):
            case {"raw": str(raw)}:
                items = f"[{', '.join(constant(text) for text in texts_of(raw, name))}]"
            case {"inputParameter": str(port)} if port in bound and bound[port].form in ("items", "uris"):
                items = bound[port].source
                form = "text" if bound[port].form == "items" else "uri"
            case _:
                raise RefusedError(f"the loop `{name}` runs over something that is not known")
        inner = {**bound, item: Value(form, symbol)}  # type: ignore[arg-type]
        scope = self.dag(component, Scope(inner, path))
        limit = (task.get("iteratorPolicy") or {}).get("parallelismLimit")
        node = Loop(name, item=symbol, items=items, limit=int(limit) if limit else None, body=scope.nodes)
        outputs: dict[str, Value] = {}
        for key, value in self.handed_out(component, scope).items():
            if value.form == "written":
                self.symbols.read_as(value.source, "text", name)
            if value.form not in ("text", "written", "artifact"):
                raise RefusedError(f"the loop `{name}` hands out `{key}` in a form that is not known")
            made = self.symbols.new(key)
            node.collected.append((made, value.source))
            outputs[key] = Value("artifacts" if value.form == "artifact" else "list", made)
        return Made([node], outputs)

    def _choice(self, name: str, component: Mapping[str, Any], bound: dict[str, Value], path: Path, flag: str) -> Made:
        value = bound.get(flag)
        if value is None or value.form not in ("truth", "none"):
            raise RefusedError(f"the condition of `{name}` is not known")
        scope = Scope(bound, path)
        sides: dict[str, list[Node]] = {"true": [], "false": []}
        side_of: dict[str, str] = {}
        for inner, task in in_order(component["dag"]["tasks"]):
            known = len(scope.nodes)
            self.task(inner, task, scope)
            arm = arm_of(task)
            made = scope.nodes[known:]
            if arm is None:
                if made or (task.get("triggerPolicy") or {}).get("condition"):
                    raise RefusedError(f"the task `{inner}` has no condition in a DAG whose tasks have one")
                continue
            if arm["flag"] != flag:
                raise RefusedError(f"`{name}` has several conditions")
            sides[arm["wanted"]] += made
            side_of[inner] = arm["wanted"]
        node = Choice(name, condition=value.source, then=sides["true"], orelse=sides["false"])
        return self._merged(node, component, scope, side_of)

    def _merged(self, node: Choice, component: Mapping[str, Any], scope: Scope, side_of: Mapping[str, str]) -> Made:
        outputs: dict[str, Value] = {}
        found = component["dag"].get("outputs") or {}
        if found.get("artifacts"):
            raise RefusedError(f"`{node.id}` hands out an artifact of an arm")
        for key, spec in (found.get("parameters") or {}).items():
            selectors = (spec.get("valueFromOneof") or {}).get("parameterSelectors") or []
            values: dict[str, Value] = {}
            for one in selectors:
                side = side_of.get(one["producerSubtask"], "")
                values[side] = self._output(scope, one["producerSubtask"], one["outputParameterKey"], node.id)
            for value in values.values():
                if value.form == "written":
                    self.symbols.read_as(value.source, "text", node.id)
            forms = {"text" if v.form == "written" else v.form for v in values.values()}
            if set(values) != {"true", "false"} or len(selectors) != 2 or forms not in ({"text"}, {"uri"}):
                raise RefusedError(f"`{node.id}` hands out `{key}` in a form that is not known")
            symbol = self.symbols.new(key)
            node.merged.append((symbol, values["true"].source, values["false"].source))
            outputs[key] = Value(forms.pop(), symbol)
        if (loop := _guarded(node)) is not None:
            for (symbol, made, _), key in zip(node.merged, outputs):
                self.symbols.hints[made][:0] = self.symbols.hints[symbol]
                outputs[key] = Value(outputs[key].form, made)
            loop.before = set()
            return Made([loop], outputs)
        return Made([node], outputs)

    def _group(self, name: str, component: Mapping[str, Any], bound: dict[str, Value], path: Path) -> Made:
        part = Part(identifier(re.sub(r"-\d+\Z", "", name).replace("-", "_")))
        parameters: dict[str, str] = {}
        inner: dict[str, Value] = {}
        for port, value in bound.items():
            if value.form in ("constant", "literal", "window"):
                inner[port] = value
                continue
            if value.source not in parameters:
                parameters[value.source] = self.symbols.new()
            itself = value.form in ("text", "raw", "written", "artifact")
            self.symbols.hint(parameters[value.source], port, first=itself)
            inner[port] = Value(value.form, parameters[value.source])
        around, self.filled = self.filled, {}
        scope = self.dag(component, Scope(inner, path))
        part.nodes = [*self.filled.values(), *scope.nodes]
        self.filled = around
        outputs: dict[str, Value] = {}
        made: dict[str, str] = {}
        for key, value in self.handed_out(component, scope).items():
            if value.form == "constant":
                raise RefusedError(f"`{name}` hands out a constant")
            if value.source not in made:
                made[value.source] = self.symbols.new(key)
                part.results.append(value.source)
            outputs[key] = Value(value.form, made[value.source])
        texts = [*part.results, *(t for n in every(part.nodes) for t in sources(n))]
        used = {symbol for text in texts for symbol in self.symbols.of(text)}
        needed = {source: symbol for source, symbol in parameters.items() if symbol in used}
        part.parameters = list(needed.values())
        self.parts.append(part)
        return Made([Group(name, part=part, arguments=list(needed), targets=list(made.values()))], outputs)


def _is_exit(task: Mapping[str, Any]) -> bool:
    return (task.get("triggerPolicy") or {}).get("strategy") == COMPLETED


def _tells_of_one(name: str, tasks: Mapping[str, Any]) -> bool:
    """Whether the DAG `name` stands around one step and the task that tells of its failure, as in loops."""
    ends = [up for task in tasks.values() if _is_exit(task) for up in task.get("dependentTasks") or ()]
    if not name.startswith(TOLD) or len(ends) != 1:
        return False
    around, inside = (re.sub(r"-\d+\Z", "", text) for text in (name.removeprefix(TOLD), ends[0]))
    return inside.startswith(around)  # long names are cut


def _guarded(node: Choice) -> Loop | None:
    """The loop that `node` only keeps from having nothing to do."""
    match node:
        case Choice(then=[Loop() as loop], orelse=[]) if loop.items == node.condition:
            collected = {symbol for symbol, _ in loop.collected}
            if all(then in collected and orelse == "[]" for _, then, orelse in node.merged):
                return loop
    return None


def _item_name(item: str) -> str:
    found = re.fullmatch(r"for_(\w+?)_item", item)
    return found[1] if found else item
