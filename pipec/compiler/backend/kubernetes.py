"""What Kubernetes takes for labels, tolerations, names and images: said when a pipeline is built, not by its cluster.

The rules are those of its API's validation (`k8s.io/apimachinery/pkg/util/validation`, `pkg/apis/core/validation`), and
for images the grammar of `github.com/distribution/reference`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pipec.compiler.diagnostics import Report
from pipec.compiler.diagnostics.target import RefusedSetting
from pipec.compiler.site import Site
from pipec.ir import Pipeline, TaskPolicy
from pipec.ir.graph import tasks

NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
"""The name of a label or an annotation, and the value of a label."""
DOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
"""The name of an object, and the prefix of a label's; at most 253 characters."""
KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}")
"""A key in a secret."""
_PART = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_PATH = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
IMAGE = re.compile(
    rf"(?:(?:{_PART}(?:\.{_PART})*|\[[0-9A-Fa-f:]+\])(?::[0-9]+)?/)?({_PATH}(?:/{_PATH})*)"
    r"(?::\w[\w.-]{0,127})?(?:@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?",
    re.ASCII,
)
"""A reference: registry, repository, tag and digest."""
TOLERATION = ("key", "operator", "value", "effect", "tolerationSeconds")
OPERATORS = ("Equal", "Exists")
EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
ANNOTATIONS = 256 * 1024
"""Bytes of all annotations of an object."""


def problems(policy: TaskPolicy) -> Iterator[tuple[str, str]]:
    """Settings of a step that Kubernetes refuses, and why; what only the run knows is the cluster's to say."""
    place, gpu, given = policy.placement, policy.accelerator, policy.arguments
    for setting, labels in (("labels", place.labels), ("node_selector", place.node_selector)):
        yield from ((setting, reason) for reason in _labels(labels))
    yield from (("annotations", reason) for reason in map(_key, place.annotations) if reason)
    if sum(len(f"{k}{v}".encode(errors="replace")) for k, v in place.annotations.items()) > ANNOTATIONS:
        yield "annotations", f"together they have more than {ANNOTATIONS // 1024} KiB"
    if "tolerations" not in given and not any(part.startswith("tolerations.") for part in given):
        yield from (("tolerations", reason) for t in place.tolerations for reason in _toleration(t))
    if gpu is not None:
        yield from (("gpu", reason) for reason in _labels(gpu.node_selector))
        yield from (("gpu", reason) for t in gpu.tolerations for reason in _toleration(t))
        if reason := _key(gpu.resource):
            yield "gpu", reason
    for variable, ref in policy.secrets.items():
        parts = (f"secrets.{variable}", f"secrets.{variable}.name", f"secrets.{variable}.key")
        if not any(part in given for part in parts[:2]) and not _is_domain(ref.name):
            yield "secrets", f"no secret can be called {ref.name!r}: {_DOMAINS}"
        if parts[2] not in given and (not KEY.fullmatch(ref.key) or ref.key == "." or ref.key.startswith("..")):
            yield "secrets", f"no key of a secret can be {ref.key!r}: it takes letters, digits, '-', '_' and '.'"
    for setting, name in (("service_account", place.service_account), ("priority", place.priority)):
        if isinstance(name, str) and not _is_domain(name):
            yield setting, f"nothing can be called {name!r}: {_DOMAINS}"


def check(
    pipeline: Pipeline,
    target: str,
    site: Site,
    report: Report,
    of_step: Callable[[TaskPolicy], Iterator[tuple[str, str]]] = problems,
) -> None:
    """Report what of the steps' settings a cluster would refuse when `target` sends it there; `of_step`: its rules."""
    if site.own_image is not None and (reason := _image(site.own_image)):
        report.add(RefusedSetting(site.place("image"), target, pipeline.name, "image", reason))
    for task in tasks(pipeline):
        component, step = pipeline.component(task.component), task.site.step
        if component.image is not None and component.image != site.own_image and (reason := _image(component.image)):
            report.add(RefusedSetting(task.policy.span("image"), target, step, "image", reason))
        if component.container is not None and (reason := _image(component.container.image)):
            report.add(RefusedSetting(component.span, target, step, "image", reason))
        for setting, reason in of_step(task.policy):
            report.add(RefusedSetting(task.policy.span(setting), target, step, setting, reason))


_DOMAINS = "it takes small letters, digits, '-' and '.', and begins and ends with a letter or digit"
_NAMES = "letters, digits, '-', '_' and '.', at most 63, and begins and ends with a letter or digit"


def _is_domain(name: str) -> bool:
    return len(name) <= 253 and DOMAIN.fullmatch(name) is not None


def _key(key: str) -> str:
    """Why nothing can be labelled with `key`; "" where it can."""
    prefix, slash, name = key.rpartition("/")
    if slash and not _is_domain(prefix):
        return f"{key!r} has a prefix that is no domain: {_DOMAINS}"
    return "" if NAME.fullmatch(name) else f"{key!r} is no key: its name takes {_NAMES}"


def _value(value: str) -> str:
    return "" if not value or NAME.fullmatch(value) else f"{value!r} is no value of a label: it takes {_NAMES}"


def _labels(labels: Mapping[str, str]) -> Iterator[str]:
    for key, value in labels.items():
        yield from filter(None, (_key(key), _value(value)))


def _toleration(given: Mapping[str, Any]) -> Iterator[str]:
    """Why a taint cannot be borne in these words."""
    operator, effect, seconds = given.get("operator", "Equal"), given.get("effect", ""), given.get("tolerationSeconds")
    for name in given:
        if name not in TOLERATION:
            yield f"a toleration has no {name!r}; it has {', '.join(TOLERATION)}"
    for name in ("key", "value"):
        if not isinstance(given.get(name, ""), str):
            yield f"the {name!r} of a toleration is a text, and not {given[name]!r}"
            return
    key, value = given.get("key", ""), given.get("value", "")
    if operator not in OPERATORS:
        yield f"the 'operator' {operator!r} of a toleration is none of {', '.join(OPERATORS)}"
    if effect not in ("", *EFFECTS):
        yield f"the 'effect' {effect!r} of a toleration is none of {', '.join(EFFECTS)}"
    if key and (reason := _key(key)):
        yield reason
    if not key and operator != "Exists":
        yield "a toleration without a 'key' has the 'operator' 'Exists'"
    if value and operator == "Exists":
        yield "a toleration with the 'operator' 'Exists' has no 'value'"
    if reason := _value(value):
        yield reason
    if seconds is not None and (not isinstance(seconds, int) or isinstance(seconds, bool)):
        yield f"'tolerationSeconds' of a toleration is a whole number, and not {seconds!r}"
    elif seconds is not None and effect != "NoExecute":
        yield "'tolerationSeconds' goes with the 'effect' 'NoExecute' alone"


def _image(image: str) -> str:
    """Why no registry can have an image of this name; "" where one can."""
    found = IMAGE.fullmatch(image)
    if found is not None and len(found[1]) <= 255:
        return ""
    return f"{image!r} names no image; write it as registry/team/name:tag, the path in small letters"
