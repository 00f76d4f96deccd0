"""Container steps of a generated DAG: a pod, and before it the task that writes what is not constant of its command."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pipec.backends.airflow.pods import RESULT
from pipec.backends.airflow.reading.own.commands import OUTPUT, Template, Word, flag, templates
from pipec.backends.airflow.reading.own.dag import Graph, Node
from pipec.backends.airflow.reading.own.functions import TaskFunction, constant, dotted
from pipec.backends.airflow.reading.own.guards import skips
from pipec.backends.airflow.reading.own.kinds import Kinds
from pipec.backends.airflow.reading.own.parts import Parts
from pipec.backends.airflow.reading.own.pods import replaced, unescaped
from pipec.backends.airflow.reading.own.policies import container_settings
from pipec.backends.airflow.reading.own.unknown import Unknown
from pipec.compiler.reading import ContainerStep

_NUMBERED = re.compile(r"(.+?)_\d+")


@dataclass(eq=False)
class Pod:
    """One call of a container step."""

    node: Node
    image: str
    line: Node | None
    """The task that writes its command line."""
    command: int
    """How many words stand in `cmds`."""
    words: list[Word]
    settings: dict[str, str]
    gives: bool
    """Whether it hands on a result."""
    limit: int | None = None

    @property
    def wanted(self) -> str:
        """What the step is called, as far as its task says."""
        match = _NUMBERED.fullmatch(self.node.id)
        return match[1] if match else self.node.id

    @property
    def key(self) -> tuple[str, ...]:
        """What all calls of one step have in common."""
        settings = [f"{name}={value}" for name, value in self.settings.items()]
        return (self.wanted, self.image, str(len(self.words)), str(self.gives), *settings)


@dataclass
class Containers:
    """Finds the container steps of one DAG, and makes their tasks call them."""

    parts: Parts
    graph: Graph
    fresh: Callable[[str], str]
    """Gives a name for a step."""
    params: ast.expr | None
    steps: dict[tuple[str, ...], list[Pod]] = field(default_factory=dict)

    def run(self, operators: list[Node]) -> list[ContainerStep]:
        """The steps; what is none stays an operator."""
        for node in operators:
            if (pod := self._pod(node)) is not None:
                self.steps.setdefault(pod.key, []).append(pod)
        found: list[ContainerStep] = []
        made: list[tuple[Pod, str, list[Template]]] = []
        for pods in self.steps.values():
            shared = templates([pod.words for pod in pods]) if _agree(pods) else None
            for group, words in [(pods, shared)] if shared is not None else [([p], templates([p.words])) for p in pods]:
                assert words is not None
                name = self.fresh(group[0].wanted)
                made += [(pod, name, words) for pod in group]
                found.append(self._step(name, group, words))
        for pod, name, words in made:
            self._call(pod, name, words)
        return found

    # one task

    def _pod(self, node: Node) -> Pod | None:
        """The call of a container step; `None` for an operator that is none."""
        call = node.operator
        if call is None or dotted(call.func) != "KubernetesPodOperator" or call.args:
            return None
        options = {str(k.arg): k.value for k in call.keywords}
        line = self._line(options, node)
        try:
            image = replaced(options.pop("image"))
            gives = constant(options.pop("do_xcom_push", None)) is True
            command, words = self._words(options, line, gives)
            limit = options.pop("max_active_tis_per_dagrun", None)
            rule = str(constant(options.pop("trigger_rule", ast.Constant("all_success"))))
            settings = container_settings(options, self.parts.callbacks)
        except (Unknown, KeyError):
            if line is not None:
                raise
            return None
        if rule not in ("all_success", "none_failed"):
            return None
        node.rule = rule
        return Pod(
            node, image, line, command, words, settings, gives, None if limit is None else int(str(constant(limit)))
        )

    def _line(self, options: Mapping[str, ast.expr], node: Node) -> Node | None:
        """The task that writes the command line."""
        for name in ("arguments", "cmds"):
            match options.get(name):
                case ast.Name(id=variable) if variable in node.scope:
                    line = node.scope[variable]
                    if line.function is not None and line.function.name.startswith("arguments_of_"):
                        return line
        return None

    def _words(self, options: dict[str, ast.expr], line: Node | None, gives: bool) -> tuple[int, list[Word]]:
        """How many words there are of the command itself, and all of them."""
        found: list[Word] = []
        command = 0
        for name in ("cmds", "arguments"):
            match options.pop(name, None):
                case None:
                    pass
                case ast.List(elts=elts):
                    found += [_word([replaced(e)], gives) for e in elts]
                case ast.Name() if line is not None and line.function is not None:
                    found += [self._written(e, gives) for e in _returned(line.function)]
                case other:
                    raise Unknown(other, "this command line is not understood")
            command = len(found) if name == "cmds" else command
        return command, found

    def _written(self, node: ast.expr, gives: bool) -> Word:
        """A word that the task before the pod writes."""
        match node:
            case ast.Constant(value=str(text)):
                return _word([unescaped(text, node)], gives)
            case ast.Call(func=ast.Name(id=helper), args=parts, keywords=[]) if self._is_argument(helper):
                return _word([_part(part) for part in parts], gives)
        raise Unknown(node, "this word of a command line is not understood")

    def _is_argument(self, helper: str) -> bool:
        return self.parts.helpers.get(helper) == "argument"

    # one step

    def _step(self, name: str, pods: list[Pod], words: list[Template]) -> ContainerStep:
        ports = _ports(words)
        kinds = Kinds(self.graph, self.parts.plain, self.params)
        inputs = {port: kinds.given([(pod.node, pod.line, word) for pod, word in _given(pods, words, i)])
                  for i, port in enumerate(ports)}  # fmt: skip
        outputs = {_output(words): kinds.taken([pod.node for pod in pods])} if pods[0].gives else {}
        shown = [_shown(word, ports, words) for word in words]
        command = max(pod.command for pod in pods)
        first = pods[0]
        return ContainerStep(
            name, first.image, tuple(shown[:command]), tuple(shown[command:]), inputs, outputs, first.settings
        )

    def _call(self, pod: Pod, name: str, words: list[Template]) -> None:
        """Let the task of the pod call the step, and the one that writes the command line be gone."""
        node, line = pod.node, pod.line
        ports = _ports(words)
        given = [value for template, word in zip(words, pod.words) for value in template.values(word)]
        call = ast.Call(ast.Name(name, ast.Load()), [], [])
        if len(ports) == 1:
            call.args = given
        else:
            call.keywords = [ast.keyword(port, value) for port, value in zip(ports, given)]
        own = line.function if line is not None else None
        parameters = own.node.args if own is not None else ast.arguments([], [], None, [], [], None, [])
        left_out = own.node.body[: len(skips(own))] if own is not None else []
        function = ast.FunctionDef(f"{name}_task", parameters, [*left_out, ast.Return(call)], [])
        stored: dict[str, ast.expr] = {} if pod.gives else {"result": ast.Constant(None)}
        node.kind, node.operator, node.limit = "task", None, pod.limit
        node.function = TaskFunction(function, stored=stored)
        plain = ast.FunctionDef(name, ast.arguments([], [ast.arg(p) for p in ports], None, [], [], None, []), [], [])
        self.parts.plain[name] = plain
        if line is not None:
            self._absorb(node, line)

    def _absorb(self, node: Node, line: Node) -> None:
        """Let `node` stand in the stead of the task that writes its command line."""
        node.args, node.data = line.args, line.data
        node.scope = {name: one for name, one in node.scope.items() if one is not line} | line.scope
        if line.rule != "all_success":
            node.rule = line.rule
        node.upstream = [up for up in dict.fromkeys([*line.upstream, *node.upstream]) if up is not line]
        for other in self.graph.every():
            if line in other.upstream:
                other.upstream = list(dict.fromkeys(node if up is line else up for up in other.upstream))
            other.scope = {name: node if one is line else one for name, one in other.scope.items()}
        edges = [(node if up is line else up, node if down is line else down) for up, down in self.graph.edges]
        self.graph.edges[:] = [edge for edge in edges if edge[0] is not edge[1]]
        for body in (self.graph.nodes, *(one.body for one in self.graph.every() if one.body)):
            if line in body:
                at = body.index(line)
                body.remove(node)
                body[at] = node
        self.graph.by_id[line.full] = node
        for name, one in self.graph.by_variable.items():
            if one is line:
                self.graph.by_variable[name] = node


def _agree(pods: list[Pod]) -> bool:
    """Whether the words that stand in `cmds` are the same ones in all calls, as far as they are constant."""
    command = max(pod.command for pod in pods)
    return all(pod.command == command or not pod.words[pod.command].is_constant for pod in pods)


def _returned(function: TaskFunction) -> list[ast.expr]:
    match function.node.body[-1]:
        case ast.Return(value=ast.List(elts=elts)):
            return elts
    raise Unknown(function.node, "this command line is not understood")


def _part(node: ast.expr) -> str | ast.expr:
    """A part of a word: text, or what the run gives."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else json.dumps(node.value)
    return node


def _word(parts: list[str | ast.expr], gives: bool) -> Word:
    """A word, in which the place of the result is marked."""
    found: list[str | ast.expr] = []
    for part in parts:
        text = part.replace(RESULT, OUTPUT) if isinstance(part, str) and gives else part
        if isinstance(text, str) and found and isinstance(found[-1], str):
            found[-1] += text
        else:
            found.append(text)
    return Word(tuple(found))


def _given(pods: list[Pod], words: list[Template], port: int) -> list[tuple[Pod, ast.expr]]:
    """What the calls give for one input."""
    return [
        (pod, [value for template, word in zip(words, pod.words) for value in template.values(word)][port])
        for pod in pods
    ]


def _ports(words: list[Template]) -> list[str]:
    """The names of the inputs, in the order of their places."""
    taken = {_output(words)}
    found: list[str] = []
    for i, template in enumerate(words):
        for at, known in enumerate(template.names):
            wanted = flag(words, i, at) or known or "value"
            name, n = wanted, 1
            while name in taken:
                n += 1
                name = f"{wanted}_{n}"
            taken.add(name)
            found.append(name)
    return found


def _output(words: list[Template]) -> str:
    """The name of the output."""
    for i, template in enumerate(words):
        if any(OUTPUT in text for text in template.texts):
            return flag(words, i, -1) or "result"
    return "result"


def _shown(template: Template, ports: list[str], words: list[Template]) -> str:
    """A word in the language of `container`."""
    before = sum(len(other.names) for other in words[: words.index(template)])
    texts = [
        text.replace("{", "{{").replace("}", "}}").replace(OUTPUT, f"{{{_output(words)}}}") for text in template.texts
    ]
    slots = [f"{{{port}}}" for port in ports[before : before + len(template.names)]]
    return "".join(text + slot for text, slot in zip(texts, [*slots, ""]))
