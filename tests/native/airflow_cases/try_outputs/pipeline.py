"""What a caught step gives: several outputs, one of them called "error"; artifacts; nothing; and how it may fail."""

import sys
from dataclasses import dataclass

from pipec import Cache, pipeline, step


@dataclass
class Model:
    weights: list[float]


@step
def pair(kind: str) -> tuple[int, str]:
    if kind == "pair":
        sys.exit(3)
    return 7, "no error"


@step(cache=Cache())
def fit(kind: str) -> list[Model]:
    if kind == "fit":
        raise KeyError("fit")
    return [Model([1.0]), Model([2.0])]


@step
def weigh(model: Model, kind: str) -> float:
    if kind == "weigh" and model.weights == [2.0]:
        sys.exit("too heavy")
    return sum(model.weights)


@step
def last(text: str) -> str:
    if text == "fail":
        raise RuntimeError("")
    return text


@pipeline
def try_outputs(kind: str = "none") -> list[object]:
    try:
        number, error = pair(kind)
        models = fit(kind)
        weights = [weigh(model, kind) for model in models]
        text = last(f"{number} {error} {sum(weights)}")
    except Exception as e:
        text = f"failed: {e}"
    message = "nothing"
    try:
        last("fail" if kind == "silent" else kind)
    except Exception as e:
        message = f"silent <{e}>"
    return [text, message, last("end")]
