"""The workspace of a run: the claim that a server makes for it, and the pods that mount it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.support.kubernetes_schema import QUANTITY
from tests.support.pipelinespec.errors import DriverError, Refused
from tests.support.pipelinespec.metadata import Spec


def claim(platform: Spec) -> bool:
    """Whether a claim is made: `GetWorkspacePVC` of a server that has a default workspace, with `accessModes`."""
    wanted = platform.get("pipelineConfig", {}).get("workspace")
    if wanted is None or "kubernetes" not in wanted:
        return False
    patch = wanted["kubernetes"].get("pvcSpecPatch", {})
    if unknown := patch.keys() - {"accessModes", "storageClassName"}:
        raise Refused(f"unknown fields in PVC spec patch: {sorted(unknown)}")
    if patch.get("storageClassName") == "":
        raise Refused("workspace PVC spec storageClassName must be omitted or set to a non-empty value")
    if not QUANTITY.fullmatch(wanted["size"]):
        raise Refused(f"invalid size value for workspace PVC: {wanted['size']!r}")
    return True


class Mounted:
    """The folder is there for pods with its path in a parameter that is a text: `needsWorkspaceMount`."""

    def __init__(self, folder: str, inputs: Mapping[str, Any], claimed: bool) -> None:
        self.needed = any(isinstance(value, str) and "/kfp-workspace" in value for value in inputs.values())
        self.folder, self.claimed = Path(folder), claimed

    def __enter__(self) -> None:
        if self.needed and not self.claimed:
            raise DriverError('persistentvolumeclaim "kfp-workspace" not found')
        self._away.mkdir(parents=True, exist_ok=True)
        if self.needed:
            self._away.rename(self.folder)

    def __exit__(self, *_: object) -> None:
        if self.needed:
            self.folder.rename(self._away)

    @property
    def _away(self) -> Path:
        return self.folder.with_name("unmounted")
