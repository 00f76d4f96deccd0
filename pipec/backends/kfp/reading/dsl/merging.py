"""A pipeline inside another: its documents become part of the outer ones, under names that are free there."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

from pipec.backends.kfp.reading.documents import Path
from pipec.backends.kfp.reading.dsl.compiled import Compiled
from pipec.backends.kfp.reading.dsl.names import unique


def executors(platform: dict[str, Any], key: str = "kubernetes") -> dict[str, Any]:
    """The settings by executor in a platform document, made where there are none."""
    found: dict[str, Any] = (
        platform.setdefault("platforms", {})
        .setdefault(key, {})
        .setdefault("deploymentSpec", {})
        .setdefault("executors", {})
    )
    return found


def merge(outer: Compiled, outer_executors: dict[str, Any], inner: Compiled, wanted: str) -> tuple[str, dict[str, Any]]:
    """Put `inner` into `outer`; gives the definition of its top level, and a name like `wanted` that is free for it."""
    inner = replace(inner, spec=copy.deepcopy(inner.spec), platform=copy.deepcopy(inner.platform))
    labels = _merge_executors(outer, outer_executors, inner)
    components = _merge_components(outer, inner)
    target = unique(wanted, outer.spec["components"])
    for path, span in inner.places.items():
        if moved := _moved(path, target, components, labels):
            outer.places[moved] = span
    for path, name in inner.names.items():
        if moved := _moved(path, target, components, labels):
            outer.names[moved] = name
    outer.components += [one for one in inner.components if one not in outer.components]
    outer.sources |= {labels.get(label, label): source for label, source in inner.sources.items()}
    root: dict[str, Any] = inner.spec["root"]
    return target, root


def _merge_executors(outer: Compiled, outer_executors: dict[str, Any], inner: Compiled) -> dict[str, str]:
    labels: dict[str, str] = {}
    for old, executor in inner.spec.get("deploymentSpec", {}).get("executors", {}).items():
        labels[old] = unique(old, outer_executors)
        outer_executors[labels[old]] = executor
    # all at once: the SDK renames one after the other, and may rename a label again that it has just given
    for component in inner.spec.get("components", {}).values():
        if (label := component.get("executorLabel")) is not None:
            component["executorLabel"] = labels[label]
    for key, platform in inner.platform.get("platforms", {}).items():
        for label, settings in platform.get("deploymentSpec", {}).get("executors", {}).items():
            executors(outer.platform, key)[labels[label]] = settings
    return labels


def _merge_components(outer: Compiled, inner: Compiled) -> dict[str, str]:
    taken = list(outer.spec["components"])
    renamed: dict[str, str] = {}
    for name in inner.spec.get("components", {}):
        renamed[name] = unique(name, [*taken, *renamed, *renamed.values()])
    for definition in [*inner.spec.get("components", {}).values(), inner.spec["root"]]:
        for task in definition.get("dag", {}).get("tasks", {}).values():
            task["componentRef"]["name"] = renamed[task["componentRef"]["name"]]
    for old, definition in inner.spec.get("components", {}).items():
        outer.spec["components"][renamed[old]] = definition
    return renamed


def _moved(path: Path, target: str, components: dict[str, str], labels: dict[str, str]) -> Path | None:
    """Where an entry of the inner documents stands in the outer ones."""
    match path:
        case ("root", *rest):
            return ("components", target, *rest)
        case ("components", name, *rest):
            return ("components", components.get(name, name), *rest)
        case ("deploymentSpec", "executors", label, *rest):
            return ("deploymentSpec", "executors", labels.get(label, label), *rest)
        case ("platforms", key, "deploymentSpec", "executors", label, *rest):
            return ("platforms", key, "deploymentSpec", "executors", labels.get(label, label), *rest)
    return None
