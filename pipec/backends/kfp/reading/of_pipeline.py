"""The settings of a whole pipeline: of its spec, and of the platform document."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pipec.backends.kfp.native import is_workspace, workspace_setting
from pipec.backends.kfp.reading.documents import Documents, Path

Lose = Callable[[Path, str, str], None]
"""Notes a setting that is not kept: its place, its name, and why."""


def pipeline_settings(documents: Documents, lose: Lose) -> tuple[float | None, dict[str, Any]]:
    """The time limit in seconds, and the native settings; what has no counterpart is told to `lose`."""
    native: dict[str, Any] = {}
    timeout = None
    if root := documents.spec.get("defaultPipelineRoot"):
        native["defaultPipelineRoot"] = root
    platforms = documents.platform.get("platforms") or {}
    for key, value in ((platforms.get("kubernetes") or {}).get("pipelineConfig") or {}).items():
        if key == "activeDeadlineSeconds" and int(value):
            timeout = float(int(value))
        elif key == "workspace" and value and is_workspace(value):
            native[key] = workspace_setting(value)
        elif value:
            lose(("platforms", "kubernetes", "pipelineConfig", key), key, "pipec has no setting for it")
    for platform in platforms.keys() - {"kubernetes"}:
        lose(("platforms", platform), platform, "pipec knows the platform kubernetes alone")
    return timeout, native
