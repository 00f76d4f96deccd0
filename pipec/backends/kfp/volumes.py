"""What a server and Kubernetes take of native settings about volumes: amounts, access modes, and names in one pod."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pipec.compiler.backend.kubernetes import DOMAIN
from pipec.compiler.units import parse_bytes

QUANTITY = re.compile(r"[+-]?(\d+|\d+\.\d*|\.\d+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?\d+)?", re.ASCII)
"""https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/"""
MODES = ("ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod")
PATCH = ("accessModes", "storageClassName")
"""What a server lets a run say of the claim of its workspace, besides the size."""
SERVERS = frozenset(
    {"kfp-launcher", "kfp-workspace", "ca-bundle", "gcs-scratch", "s3-scratch", "minio-scratch", "dot-local-scratch",
     "dot-cache-scratch", "dot-config-scratch"}
)  # fmt: skip
"""Volumes that a server puts into the pods of tasks itself."""
SHM = {"volumeName": "shm", "mountPath": "/dev/shm", "medium": "Memory"}  # noqa: S108  # where the kernel has it
VOLUMES = {
    "emptyDirMounts": "volumeName", "genericEphemeralVolume": "volumeName", "pvcMount": "pvcName",
    "secretAsVolume": "secretName", "configMapAsVolume": "configMapName",
}  # fmt: skip
"""Setting -> what its volumes are called by."""


def workspace_problems(given: Mapping[str, Any]) -> Iterator[str]:
    """Why a server would make no claim for this workspace."""
    yield from _amount("workspace.size", given["size"], some=True)
    patch = (given.get("kubernetes") or {}).get("pvcSpecPatch") or {}
    at = "workspace.kubernetes.pvcSpecPatch"
    for name in patch:
        if name not in PATCH:
            yield f"{at}: a server takes {' and '.join(map(repr, PATCH))} there, and no {name!r}"
    if "accessModes" in patch:
        yield from _modes(f"{at}.accessModes", patch["accessModes"])
    if "storageClassName" in patch and not _is_name(storage := patch["storageClassName"]):
        yield f"{at}.storageClassName: no storage class can be called {storage!r}; without a name, leave it out"


def step_problems(given: Mapping[str, Any], shm: int | None) -> Iterator[str]:
    """Why Kubernetes or the driver would refuse a pod with these volumes; `shm`: bytes, by the setting of pipec's."""
    for number, entry in enumerate(given.get("emptyDirMounts") or ()):
        if entry.get("sizeLimit"):
            yield from _amount(f"emptyDirMounts.{number}.sizeLimit", entry["sizeLimit"], some=False)
    for number, entry in enumerate(given.get("genericEphemeralVolume") or ()):
        at = f"genericEphemeralVolume.{number}"
        yield from _amount(f"{at}.size", entry["size"], some=True)
        yield from _modes(f"{at}.accessModes", entry["accessModes"])
    yield from _together(given, shm)


def _amount(at: str, text: str, some: bool) -> Iterator[str]:
    found = QUANTITY.fullmatch(text)
    if found is None:
        yield f'{at}: Kubernetes takes no {text!r}; write "4Gi", "512Mi" or "16G"'
    elif text.startswith("-") or (some and not float(found[1])):
        yield f"{at}: {text!r} is no size"


def _modes(at: str, given: Any) -> Iterator[str]:
    known = ", ".join(map(repr, MODES))
    if not isinstance(given, (list, tuple)) or not given:
        yield f"{at}: it is a list of at least one of {known}"
        return
    for mode in given:
        if mode not in MODES:
            yield f"{at}: there is no {mode!r}; there are {known}"
    if "ReadWriteOncePod" in given and len(given) > 1:
        yield f"{at}: 'ReadWriteOncePod' stands alone"


def _is_name(name: object) -> bool:
    return isinstance(name, str) and len(name) <= 253 and DOMAIN.fullmatch(name) is not None


def _together(given: Mapping[str, Any], shm: int | None) -> Iterator[str]:
    """Two volumes of one name, or at one path: the server merges them into one, without a word."""
    names: dict[str, tuple[str, Mapping[str, Any]]] = {}
    paths: dict[str, str] = {}
    for setting, entry, name in _volumes(given, shm):
        path = entry["mountPath"].rstrip("/")
        if path in paths:
            yield f"{_both(paths[path], setting)} mount something at {entry['mountPath']!r}"
        paths.setdefault(path, setting)
        if not isinstance(name, str):
            continue  # the run's to say
        if name in SERVERS:
            yield f"{setting}: the volume {name!r} is the server's own; {_advice(setting)}"
        other, known = names.setdefault(name, (setting, volume := _volume(setting, entry)))
        if known != volume:
            yield f"{_both(other, setting)} make a volume {name!r}, and a pod has one of a name; {_advice(setting)}"


def _volumes(given: Mapping[str, Any], shm: int | None) -> Iterator[tuple[str, Mapping[str, Any], Any]]:
    if shm is not None:
        yield "shm", {**SHM, "sizeLimit": str(shm)}, SHM["volumeName"]
    for setting, key in VOLUMES.items():
        yield from ((setting, entry, entry.get(key)) for entry in given.get(setting) or ())


def _volume(setting: str, entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the volume is, wherever it is mounted."""
    volume = {key: value for key, value in entry.items() if key not in ("mountPath", "subPath")}
    with contextlib.suppress(ValueError):
        volume["sizeLimit"] = parse_bytes(volume.get("sizeLimit"))
    return {**volume, "kind": "emptyDirMounts" if setting == "shm" else setting}


def _both(one: str, other: str) -> str:
    return f"two entries of {one!r}" if one == other else f"{one!r} and {other!r}"


def _advice(setting: str) -> str:
    if VOLUMES[setting] == "volumeName":
        return "give it another 'volumeName'"
    return "the server calls a volume as what it holds"
