"""Every annotation that makes a value: `TypedDict`, `Literal`, `Optional`, bare and nested containers, `Any` of them."""

from typing import Dict, List, Literal, Optional, Tuple, TypedDict, Union

from pipec import pipeline, step


class Row(TypedDict):
    name: str
    size: int


@step
def row() -> Row:
    return {"name": "a", "size": 2}


@step
def mode(n: int) -> Literal["fast", "slow"]:
    return "fast" if n else "slow"


@step
def optional(n: int) -> Optional[int]:
    return n or None


@step
def union(n: int) -> Union[int, str, None]:
    return str(n)


@step
def old(n: int) -> Dict[str, List[Tuple[int, ...]]]:
    return {"k": [(n, n + 1)]}


@step
def bare() -> dict:
    return {"rows": [1, 2]}


@pipeline
def value_annotations(n: int = 1) -> list[object]:
    r = row()
    if mode(n) == "fast":
        out = r["name"]
    else:
        out = "none"
    return [out, optional(0) is None, union(n), old(n)["k"][0][1], bare()["rows"][-1], r["size"]]
