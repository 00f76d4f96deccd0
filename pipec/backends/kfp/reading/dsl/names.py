"""How the SDK makes names, and names of its own."""

from __future__ import annotations

import re
from collections.abc import Collection

TARGET = "kfp"
SDK_VERSION = "2.17.3"
"""The SDK whose compiler the documents are those of: it stands in the install commands of components."""
DEFAULT_IMAGE = "python:3.11"
SINGLE_OUTPUT = "Output"
CHANNEL_PREFIX = "pipelinechannel--"
LOOP_ITEM = "loop-item"


def kubernetes_name(name: str) -> str:
    """`name` in lower case letters, digits and dashes."""
    return re.sub("-+", "-", re.sub("[^-0-9a-z]+", "-", name.lower())).strip("-")


def input_name(name: str) -> str:
    """The name of a port in a component that is written in YAML."""
    return re.sub("[^_0-9a-z]+", "_", name.lower()).strip("_")


def component_key(name: str) -> str:
    """Where a component's definition stands in a document."""
    return "comp-" + kubernetes_name(name)


def executor_label(name: str) -> str:
    """Where a component's implementation stands in a document."""
    return "exec-" + kubernetes_name(name)


def unique(name: str, taken: Collection[str], delimiter: str = "-") -> str:
    """`name`, or the first of `name-2`, `name-3`... that is free."""
    number, found = 2, name
    while found in taken:
        found = f"{name}{delimiter}{number}"
        number += 1
    return found


def component_name(function: str) -> str:
    """The name of the component that is made of a function."""
    words = re.sub(" +", " ", function.replace("_", " ")).strip(" ")
    return words[0].upper() + words[1:]
