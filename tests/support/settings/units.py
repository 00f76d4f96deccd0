"""Kubernetes' quantities: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/."""

from __future__ import annotations

import re
from fractions import Fraction

SUFFIX = {
    "": 1, "m": Fraction(1, 1000), "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "P": 10**15, "E": 10**18,
    "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "Pi": 2**50, "Ei": 2**60,
}  # fmt: skip


def quantity(text: str) -> Fraction:
    """The number that a quantity stands for."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([A-Za-z]*)", text)
    assert found is not None, f"{text!r} is no quantity"
    return Fraction(found[1]) * SUFFIX[found[2]]


def millicores(text: str) -> int:
    """CPU as Kubernetes reads it, in thousandths."""
    return int(quantity(text) * 1000)


def size(text: str) -> int:
    """Bytes."""
    found = quantity(text)
    assert found.denominator == 1
    return int(found)


def expanded(text: str, known: dict[str, str]) -> str:
    """An environment variable's value as the container gets it: `$(NAME)` of what is known, and `$$` for `$`.

    https://github.com/kubernetes/kubernetes/blob/master/third_party/forked/golang/expansion/expand.go
    """

    def one(found: re.Match[str]) -> str:
        if found[0] == "$$":
            return "$"
        name = found[1]
        return known.get(name, found[0]) if name is not None else found[0]

    return re.sub(r"\$\$|\$\(([^)]*)\)", one, text)
