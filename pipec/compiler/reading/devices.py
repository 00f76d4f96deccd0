"""The portable names of devices, by the labels and taints of the nodes that have them."""

from __future__ import annotations

from functools import cache

from pipec.compiler.site import GpuEntry, Site
from pipec.ir import TaskPolicy


@cache
def _catalogue() -> tuple[tuple[str, GpuEntry], ...]:
    """What a project without configuration knows; the entries that say most come first, and short names."""
    entries = [(name, entry) for name, entry in Site().gpu.items() if entry.node_selector]
    return tuple(sorted(entries, key=lambda pair: (-len(pair[1].node_selector), len(pair[0]), pair[0])))


def with_device_names(policy: TaskPolicy) -> TaskPolicy:
    """`policy` with the name of its devices in the place of the labels and tolerations that it stands for."""
    gpu, place = policy.accelerator, policy.placement
    if gpu is None or gpu.name is not None:
        return policy
    for name, entry in _catalogue():
        labels, borne = entry.node_selector, list(entry.tolerations)
        if entry.resource != gpu.resource or not labels.items() <= place.node_selector.items():
            continue
        if not all(one in place.tolerations for one in borne):
            continue
        update = {
            "node_selector": {key: value for key, value in place.node_selector.items() if key not in labels},
            "tolerations": tuple(one for one in place.tolerations if one not in borne),
        }
        found = gpu.model_copy(update={"name": name, "node_selector": labels, "tolerations": tuple(borne)})
        return policy.model_copy(update={"accelerator": found, "placement": place.model_copy(update=update)})
    return policy
