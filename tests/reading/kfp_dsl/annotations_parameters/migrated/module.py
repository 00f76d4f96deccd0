"""Migrated from the compiled pipeline "annotated"."""

from typing import Dict, List, Optional

from pipec import pipeline, step


@step(image="python:3.11", cache=True)
def everything(
    text: str,
    number: int,
    share: float,
    flag: bool,
    items: list,
    mapping: dict,
    names: List[str],
    limits: Dict[str, int],
    nested: List[Dict[str, float]],
    maybe: Optional[str] = None,
    maybe_number: Optional[int] = 3,
    flagged: bool = False,
    weights: Dict[str, float] = {"a": 0.5, "b": 1.5},
    steps: List[int] = [1, 2, 3],
    builtin: list[str] = ["x"],
    zero: int = 0,
    empty: str = "",
) -> str:
    return text


@pipeline
def annotated(text: str, flag: bool = True, mapping: dict = {"k": [1, 2]}, names: list = ["a", "b"]):
    everything_result = everything(
        text=text,
        number=7,
        share=0.25,
        flag=flag,
        items=[1, "two", 3, {"four": 4}],
        mapping=mapping,
        names=names,
        limits={"a": 1},
        nested=[{"x": 1}],
    )
