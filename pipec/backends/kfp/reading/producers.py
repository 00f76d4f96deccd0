"""Where a value of the run comes from, across the DAGs that hand it in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipec.backends.kfp.reading.documents import Documents, Path


def producer(documents: Documents, path: Path, source: Mapping[str, Any]) -> tuple[Path, str] | None:
    """The task of the DAGs around, and its output, that the task at `path` gets by `source`; `None`: there is none."""
    dag = path[:-1]
    if made := source.get("taskOutputParameter"):
        given = (*dag, str(made.get("producerTask")))
        task = task_at(documents, given)
        component = documents.spec["components"].get((task.get("componentRef") or {}).get("name")) or {}
        return (given, str(made.get("outputParameterKey"))) if task and "dag" not in component else None
    name = source.get("componentInputParameter")
    if not isinstance(name, str) or dag[0] == "root":
        return None
    users = [*users_of(documents, dag[1])]
    if len(users) != 1:
        return None
    binding = ((task_at(documents, users[0]).get("inputs") or {}).get("parameters") or {}).get(name)
    return producer(documents, users[0], binding) if binding else None


def givers(documents: Documents, component: Mapping[str, Any]) -> set[str]:
    """The tasks of its own DAG of which a task's settings take something; its document need not say that it waits."""
    found = kubernetes(documents, component.get("executorLabel") or "")
    entries = [entry for value in found.values() if isinstance(value, list) for entry in value]
    sources = [value for entry in entries if isinstance(entry, Mapping) for value in (entry, *entry.values())]
    given = [one.get("taskOutputParameter") for one in sources if isinstance(one, Mapping)]
    return {str(one["producerTask"]) for one in given if one}


def kubernetes(documents: Documents, label: str) -> Mapping[str, Any]:
    """What the platform document says about an executor."""
    platform = (documents.platform.get("platforms") or {}).get("kubernetes") or {}
    found: Mapping[str, Any] = ((platform.get("deploymentSpec") or {}).get("executors") or {}).get(label) or {}
    return found


def task_at(documents: Documents, path: Path) -> Mapping[str, Any]:
    """The task at `path`; empty where there is none."""
    found: Any = documents.spec
    for key in path:
        found = found.get(key) or {}
    return found if isinstance(found, Mapping) else {}


def users_of(documents: Documents, reference: str) -> Iterator[Path]:
    """The tasks that call a component."""
    places: list[tuple[Path, Any]] = [(("root",), documents.spec["root"])]
    places += [(("components", name), one) for name, one in documents.spec["components"].items()]
    for place, component in places:
        for name, task in ((component.get("dag") or {}).get("tasks") or {}).items():
            if (task.get("componentRef") or {}).get("name") == reference:
                yield (*place, "dag", "tasks", name)
