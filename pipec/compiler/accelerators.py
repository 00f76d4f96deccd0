"""The GPU catalogue that ships with pipec: portable names, and what selects the devices on each kind of cluster."""

from __future__ import annotations

import sys
from functools import cache
from importlib import resources
from typing import Any

from pydantic import BaseModel, ConfigDict

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

DEFAULT_CLUSTER = "gfd"
"""The kind of cluster that is meant where the site says nothing."""


class GpuEntry(BaseModel):
    """How one portable GPU name is asked for on this site's clusters."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    resource: str = "nvidia.com/gpu"
    node_selector: dict[str, str] = {}
    tolerations: tuple[dict[str, str], ...] = ()


@cache
def _data() -> dict[str, Any]:
    text = resources.files("pipec.compiler").joinpath("accelerators.toml").read_text(encoding="utf-8")
    data: dict[str, Any] = tomllib.loads(text)
    return data


def clusters() -> dict[str, str]:
    """Kinds of clusters that presets exist for, and their full names."""
    return {name: cluster["title"] for name, cluster in _data()["clusters"].items()}


@cache
def preset(cluster: str) -> dict[str, GpuEntry]:
    """The catalogue of one kind of cluster; `KeyError` for an unknown one."""
    data = _data()
    own = data["clusters"][cluster]
    found: dict[str, GpuEntry] = {}
    for name, device in data["nvidia"].items():
        if cluster not in device:
            continue
        selector = {own["label"]: device[cluster]}
        if cluster == "eks" and "eks_memory" in device:
            selector["karpenter.k8s.aws/instance-gpu-memory"] = str(device["eks_memory"])
        entry = GpuEntry(node_selector=selector, tolerations=own["tolerations"])
        for alias in (name, *device["names"]):
            found[alias] = found[f"nvidia-{alias}"] = entry
    for profile in data["mig"]["profiles"]:
        found[f"nvidia-mig-{profile}"] = found[f"mig-{profile}"] = _mig(cluster, profile, own["tolerations"])
    for prefix, vendor in (("amd-", data["amd"]), ("", data["tpu"])):
        for name, value in vendor["devices"].items():
            entry = GpuEntry(
                resource=vendor["resource"], node_selector={vendor["label"]: value}, tolerations=vendor["tolerations"]
            )
            found[name] = found[prefix + name] = entry
    return found


def _mig(cluster: str, profile: str, tolerations: Any) -> GpuEntry:
    if cluster == "gke":
        return GpuEntry(node_selector={"cloud.google.com/gke-gpu-partition-size": profile}, tolerations=tolerations)
    return GpuEntry(resource=f"nvidia.com/mig-{profile}", tolerations=tolerations)
