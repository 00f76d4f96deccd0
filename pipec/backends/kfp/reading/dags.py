"""The tasks of one DAG in an order that can be written down: what waits for what, and what is inside of what."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pipec.backends.kfp.reading.documents import Documents, Path
from pipec.backends.kfp.reading.producers import givers
from pipec.backends.kfp.reading.validate import is_exit, needs, producers, selectors
from pipec.backends.kfp.reading.values import RefusedError

GROUP = re.compile(r"comp-(?:condition|condition-branches|for-loop|exit-handler)-\d+(?:-\d+)*\Z")
"""Components that the SDK makes of `with` blocks."""


@dataclass
class Node:
    """A task, with what is written inside of it."""

    name: str
    path: Path
    task: Mapping[str, Any]
    component: Mapping[str, Any]
    needs: set[str] = field(default_factory=set)
    """Names of nodes of the same level."""
    members: list[Node] = field(default_factory=list)
    """Of a condition: the tasks that are left out with it. Of an exit task: what it runs after."""
    used: set[str] = field(default_factory=set)
    """The outputs that other tasks of its DAG take."""

    @property
    def condition(self) -> str:
        """When it runs."""
        found: str = (self.task.get("triggerPolicy") or {}).get("condition") or ""
        return found

    @property
    def is_exit(self) -> bool:
        """Whether it runs whatever has become of what it waits for."""
        return is_exit(self.task)

    @property
    def is_loop(self) -> bool:
        """Whether it runs once for each item."""
        return "parameterIterator" in self.task or "artifactIterator" in self.task

    @property
    def is_dag(self) -> bool:
        """Whether it is made of tasks."""
        return self.component.get("dag") is not None

    @property
    def is_inline(self) -> bool:
        """Whether its tasks are written in place."""
        reference = self.task["componentRef"]["name"]
        return self.is_dag and (bool(GROUP.match(reference)) or self.is_loop)


def level(documents: Documents, component: Mapping[str, Any], path: Path) -> list[Node]:
    """The nodes of a DAG in an order in which they can run, nested where one leaves out or catches others."""
    components = documents.spec["components"]
    nodes: dict[str, Node] = {}
    for name, task in (component["dag"].get("tasks") or {}).items():
        made = components[task["componentRef"]["name"]]
        nodes[name] = Node(name, (*path, "dag", "tasks", name), task, made, needs(task))
    for node in nodes.values():
        node.needs |= givers(documents, node.component) & nodes.keys() - {node.name}
        for _, _, producer, output in producers(node.task):
            nodes[producer].used |= {output} if output is not None else set()
    ordered = in_order(list(nodes.values()))
    if not is_chain(ordered):
        ordered = _absorbed(ordered)
    return in_order(_caught(ordered))


def natural(name: str) -> tuple[tuple[str, int], ...]:
    """Sorts `print-op-10` behind `print-op-9`."""
    return tuple((text, int(number or 0)) for text, number in re.findall(r"(\D+)(\d*)|\d+", name) if text) or (
        (name, 0),
    )


def in_order(nodes: list[Node]) -> list[Node]:
    """`nodes` so that each stands below what it needs; those of one chain stay together."""
    waiting = {node.name: node for node in sorted(nodes, key=lambda n: natural(n.name))}
    found: list[Node] = []
    done: set[str] = set()
    while waiting:
        ready = [n for n in waiting.values() if not (n.needs & waiting.keys())]
        if not ready:
            raise RefusedError(f"`{min(waiting)}` and what it waits for go around in a circle")
        last = found[-1].name if found else ""
        chosen = next((n for n in ready if last in n.needs), ready[0])
        found.append(chosen)
        done.add(chosen.name)
        del waiting[chosen.name]
    return found


def is_chain(nodes: list[Node]) -> bool:
    """Whether the nodes are the arms of one `if`, `elif`, `else`."""
    if len(nodes) < 2 or any(not n.condition or n.needs or n.is_exit for n in nodes):
        return False
    return any(n.condition.lstrip().startswith("!(") for n in nodes)


def reach(nodes: list[Node]) -> dict[str, set[str]]:
    """Node -> all nodes that it waits for, in the end. `nodes` are in order."""
    found: dict[str, set[str]] = {}
    for node in nodes:
        found[node.name] = set(node.needs)
        for name in node.needs:
            found[node.name] |= found.get(name, set())
    return found


def _absorbed(nodes: list[Node]) -> list[Node]:
    """What follows a condition is left out with it: it moves into it."""
    before = reach(nodes)
    exits = {n.name for n in nodes if n.is_exit}
    behind_exit = {n.name for n in nodes if before[n.name] & exits} | exits
    roots = [n for n in nodes if n.condition and not any(o.condition and o.name in before[n.name] for o in nodes)]
    home: dict[str, Node] = {}
    for root in roots:
        for node in nodes:
            if root.name in before[node.name] and node.name not in behind_exit:
                if node.name in home:
                    other = home[node.name].name
                    raise RefusedError(f"`{node.name}` waits for two conditions, `{other}` and `{root.name}`")
                home[node.name] = root
    for root in roots:
        members = [n for n in nodes if home.get(n.name) is root]
        names = {root.name, *(n.name for n in members)}
        for member in members:
            root.needs |= member.needs - names
        root.members = _absorbed([_without(m, m.needs & names) for m in members]) if members else []
    kept = [n for n in nodes if n.name not in home]
    for node in kept:
        node.needs = {home[n].name if n in home else n for n in node.needs}
    return kept


def _without(node: Node, needed: set[str]) -> Node:
    """`node` among the members of a condition, whose own tasks are above them anyway."""
    node.needs = set(needed)
    return node


def _caught(nodes: list[Node]) -> list[Node]:
    """What an exit task waits for moves into it."""
    by_name = {node.name: node for node in nodes}
    home: dict[str, str] = {}
    for node in [n for n in nodes if n.is_exit]:
        inside = [by_name[_home(home, name)] for name in sorted(node.needs, key=natural)]
        inside = list({n.name: n for n in inside}.values())
        data = _data_needs(node)
        names = {n.name for n in inside}
        node.members = in_order(inside)
        node.needs = {n for m in inside for n in m.needs - names} | {n for n in data if _home(home, n) not in names}
        for name in names:
            home[name] = node.name
            del by_name[name]
    for node in by_name.values():
        node.needs = {_home(home, n) for n in node.needs} - {node.name}
        for member in node.members if node.is_exit else ():
            member.needs &= {m.name for m in node.members}
    return list(by_name.values())


def _home(home: Mapping[str, str], name: str) -> str:
    while name in home:
        name = home[name]
    return name


def _data_needs(node: Node) -> set[str]:
    inputs = node.task.get("inputs") or {}
    found = [s.get("taskOutputParameter") for s in (inputs.get("parameters") or {}).values()]
    found += [s.get("taskOutputArtifact") for s in (inputs.get("artifacts") or {}).values()]
    return {made["producerTask"] for made in found if made}


Merged = Mapping[tuple[str, str], str]
"""Task and output of an arm -> the output of the whole that it may be."""


def merged(outputs: Mapping[str, Any]) -> Merged:
    """The outputs that several arms give."""
    return {(task, name): f"{field_}.{key}" for field_, key, task, name in selected(outputs)}


def selected(outputs: Mapping[str, Any]) -> list[tuple[str, str, str, str]]:
    """Of each output of a DAG: its field, its name, and the task and output that it is of."""
    return [
        (field_, key, s.get("producerSubtask") or "", s.get("outputParameterKey") or s.get("outputArtifactKey") or "")
        for field_, key, s in selectors(outputs)
    ]


def data_of(node: Node) -> list[tuple[str, str]]:
    """The tasks, and outputs, whose results go into `node` or into what is written inside of it."""
    found: list[tuple[str, str]] = []
    inputs = node.task.get("inputs") or {}
    for source in (inputs.get("parameters") or {}).values():
        if made := source.get("taskOutputParameter"):
            found.append((made["producerTask"], made["outputParameterKey"]))
    for source in (inputs.get("artifacts") or {}).values():
        if made := source.get("taskOutputArtifact"):
            found.append((made["producerTask"], made["outputArtifactKey"]))
    for member in node.members:
        found += data_of(member)
    return found


def path_of(node: Node) -> Path:
    """Where the component of `node` stands."""
    return ("components", node.task["componentRef"]["name"])
