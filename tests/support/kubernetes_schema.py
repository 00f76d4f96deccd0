"""What Kubernetes' API server would say of an object: its own schemas, as the Python client has them, taken strictly."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

QUANTITY = re.compile(r"[+-]?(\d+|\d+\.\d*|\.\d+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?\d+)?")
LABEL = re.compile(r"(([A-Za-z0-9][-\w.]*)?[A-Za-z0-9])?", re.ASCII)
VARIABLE = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*")
PLAIN: dict[str, tuple[type, ...]] = {
    "str": (str,), "int": (int,), "bool": (bool,), "float": (int, float), "object": (object,), "datetime": (str,),
}  # fmt: skip


@cache
def _models() -> Any:
    from kubernetes.client import models

    return models


def faults(value: Any, kind: str, at: str = "") -> list[str]:
    """What is wrong with `value`, JSON of an object such as "V1Pod": unknown and missing fields, types, spelling."""
    return list(_faults(value, kind, at or kind))


def _faults(value: Any, kind: str, at: str) -> Iterator[str]:
    if value is None:
        return
    if kind in PLAIN:
        if not isinstance(value, PLAIN[kind]) or (isinstance(value, bool) and kind in ("int", "float")):
            yield f"{at} is {value!r}, which is no {kind}"
    elif listed := re.fullmatch(r"list\[(.+)\]", kind):
        if not isinstance(value, list):
            yield f"{at} is no list"
            return
        for i, item in enumerate(value):
            yield from _faults(item, listed[1], f"{at}[{i}]")
    elif mapped := re.fullmatch(r"dict\((\w+), (.+)\)", kind):
        if not isinstance(value, dict):
            yield f"{at} is no map"
            return
        for key, item in value.items():
            yield from _faults(item, mapped[2], f"{at}.{key}")
            yield from _misspelt(item, f"{at}.{key}", at.rpartition(".")[2])
    else:
        yield from _faults_of_model(value, getattr(_models(), kind), at)


def _faults_of_model(value: Any, model: Any, at: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{at} is {value!r}, which is no {model.__name__}"
        return
    names = {json: name for name, json in model.attribute_map.items()}
    for key in [key for key in value if key not in names]:
        yield f"{at} has no field {key!r}"
    known = {names[key]: item for key, item in value.items() if key in names}
    try:
        model(**known)  # looks whether all fields are there that must be
    except ValueError as error:
        yield f"{at}: {error}"
    for name, item in known.items():
        yield from _faults(item, model.openapi_types[name], f"{at}.{model.attribute_map[name]}")
    if model.__name__ == "V1EnvVar" and not VARIABLE.fullmatch(value.get("name", "")):
        yield f"{at} is called {value.get('name')!r}"
    if "size_limit" in known:
        yield from _misspelt(known["size_limit"], f"{at}.sizeLimit", "limits")


def _misspelt(text: Any, at: str, of: str) -> Iterator[str]:
    """Text that has a grammar of its own, by the name of the field that it is in."""
    if of in ("requests", "limits") and not QUANTITY.fullmatch(str(text)):
        yield f"{at} is {text!r}, which is no quantity"
    if of in ("labels", "nodeSelector") and not (LABEL.fullmatch(str(text)) and len(str(text)) < 64):
        yield f"{at} is {text!r}, which is no value of a label"
