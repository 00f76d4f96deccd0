"""Functions that read `x.uri` of an artifact that they are given: they get its address as a text besides."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from pipec.backends.kfp.reading.dags import GROUP
from pipec.backends.kfp.reading.documents import Documents, Path
from pipec.backends.kfp.reading.ports import Ports, role
from pipec.backends.kfp.reading.producers import task_at, users_of
from pipec.backends.kfp.reading.validate import is_exit, selectors
from pipec.compiler.passes.rebuild import free_name

SHIM = "StoredArtifact"
VALUES = ("system.Metrics", "system.ClassificationMetrics")
"""Artifacts that are nothing but metadata: they travel as values."""


def addresses(function: ast.FunctionDef, ports: Ports, stored: Collection[str]) -> dict[str, str]:
    """Input whose address the function reads -> the parameter that it comes by.

    `stored`: the inputs that get one file each, which surely lies in the store. One that the function binds anew, or
    whose `uri` it sets, is none.
    """
    found: dict[str, str] = {}
    taken = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
    taken |= {node.arg for node in ast.walk(function) if isinstance(node, ast.arg)} | {*ports.taken, *ports.given}
    for port in ports.inputs:
        single = port.form == "artifact" and not port.is_list and not port.optional and port.schema not in VALUES
        if port.name not in stored or not single or not _reads_only(function, port.argument):
            continue
        name = free_name(f"{port.argument}_uri", taken)
        taken.add(name)
        found[port.name] = name
    return found


def addresses_of(source: str, component: Mapping[str, Any], stored: Collection[str]) -> dict[str, str]:
    """`addresses` of the function that `source` defines."""
    if not stored or ".uri" not in source:
        return {}
    function = next(node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef))
    ports = Ports(function, component)
    return {} if ports.wrong else addresses(function, ports, stored)


FILES = ("Path", "Dataset", "Model", "HTML", "Markdown")
"""Annotations of outputs that are one file or folder."""


def stored_inputs(documents: Documents, path: Path, task: Mapping[str, Any]) -> frozenset[str]:
    """The inputs of the task at `path` that get one file or folder of the store, whatever happens.

    What pipelines and sub-pipelines are given, parts of lists, and what may be missing are none.
    """
    given = (task.get("inputs") or {}).get("artifacts") or {}
    return frozenset(name for name, source in given.items() if _is_stored(documents, path[:-3], source))


def _is_stored(documents: Documents, holder: Path, source: Mapping[str, Any]) -> bool:
    """Whether `source`, of a task of the DAG `holder`, is such a file."""
    components = documents.spec["components"]
    dag = (components[holder[1]] if len(holder) > 1 else documents.spec["root"])["dag"]
    if any(is_exit(task) for task in dag["tasks"].values()):
        return False
    if made := source.get("taskOutputArtifact"):
        return bool(_role(documents, dag["tasks"][made["producerTask"]], made["outputArtifactKey"]))
    name = source.get("componentInputArtifact")
    if not name or len(holder) == 1 or not GROUP.match(holder[1]):
        return False
    users = [*users_of(documents, holder[1])]
    sources = [((task_at(documents, user).get("inputs") or {}).get("artifacts") or {}).get(name) for user in users]
    return bool(users) and all(s and _is_stored(documents, user[:-3], s) for user, s in zip(users, sources))


def _role(documents: Documents, task: Mapping[str, Any], key: str, in_arm: bool = False) -> str:
    """The annotation of the output `key` of `task` where that is always one file or folder; else "".

    `in_arm`: the task is an arm of several of which one runs.
    """
    if (task.get("triggerPolicy") and not in_arm) or "parameterIterator" in task or "artifactIterator" in task:
        return ""
    component = documents.spec["components"][task["componentRef"]["name"]]
    output = ((component.get("outputDefinitions") or {}).get("artifacts") or {}).get(key)
    found = role(output) if output is not None else ""
    dag = component.get("dag")
    if dag is None or found not in FILES:
        return found if found in FILES else ""
    if any(is_exit(inner) for inner in dag["tasks"].values()):
        return ""
    given = [s for _, name, s in selectors(dag.get("outputs") or {}) if name == key]
    inner = [dag["tasks"].get(selector.get("producerSubtask")) for selector in given]
    keys = [selector.get("outputArtifactKey") or "" for selector in given]
    roles = {_role(documents, one, name, len(given) > 1) if one else "" for one, name in zip(inner, keys)}
    return roles.pop() if len(roles) == 1 else ""


def _reads_only(function: ast.FunctionDef, name: str) -> bool:
    """Whether the body reads `name.uri`, and neither sets it nor gives the name to something else."""
    nodes = [node for statement in function.body for node in ast.walk(statement)]
    if any(bound == name for bound in _bound(nodes)):
        return False
    uses = [n for n in nodes if isinstance(n, ast.Attribute) and n.attr == "uri" and _is(n.value, name)]
    return bool(uses) and all(isinstance(node.ctx, ast.Load) for node in uses)


def _bound(nodes: list[ast.AST]) -> Iterator[str]:
    for node in nodes:
        match node:
            case ast.Name(ctx=ast.Store() | ast.Del()):
                yield node.id
            case ast.arg():
                yield node.arg
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.name
            case ast.alias():
                yield (node.asname or node.name).partition(".")[0]
            case ast.ExceptHandler() | ast.MatchAs() | ast.MatchStar():
                yield node.name or ""
            case ast.MatchMapping():
                yield node.rest or ""


def _is(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name
