"""Container steps that cannot be read, or do not fit together, and calls that do not fit them."""

from pathlib import Path

import pandas as pd

from pipec import ClassificationMetrics, Metrics, container, pipeline, step

NAMES = {"rows": int}
no_image = container(command=["x"])  # PC217
image_of_run_time = container(open("image.txt").read(), ["x"])  # PC217
no_list = container("x:1", "train --rows 3")  # PC217
no_text = container("x:1", ["head", 3])  # PC217
unknown = container("x:1", ["{row}", "{rows}"], inputs={"rows": int})  # PC217
brace = container("x:1", ["{"])  # PC217
unused = container("x:1", ["x"], inputs={"rows": int})  # PC217
no_artifact = container("x:1", ["{rows.uri}", "{rows}"], inputs={"rows": int})  # PC217
no_metadata = container("x:1", ["{made.uri}", "{made.metadata}"], outputs={"made": Path})  # PC217
no_field = container("x:1", ["{made.uri}", "{made.name}"], outputs={"made": Path})  # PC217
nowhere = container("x:1", ["x"], outputs={"score": float})  # PC217
elsewhere = container("x:1", ["{rows}"], inputs=NAMES)  # PC217
twice = container("x:1", ["{a}"], inputs={"a": int}, outputs={"a": int})  # PC217
frame = container("x:1", ["{a}"], inputs={"a": pd.DataFrame})  # PC217
metrics = container("x:1", ["{a}"], outputs={"a": Metrics})  # PC217
matrix = container("x:1", ["{a}"], outputs={"a": ClassificationMetrics})  # PC217
no_name = container("x:1", ["{a b}"], outputs={"a b": int})  # PC217
odd = container("x:1", ["x"], packages=["numpy"])  # PC209
large = container("x:1", ["x"], memory="much")  # PC210
copy = container("x:1", ["{data}", "{n}", "{out}"], inputs={"data": Path, "n": int}, outputs={"out": Path})
pair = container("x:1", ["{a}", "{b}"], outputs={"a": int, "b": int})


@step
def table() -> pd.DataFrame:
    return pd.DataFrame()


@step
def number() -> int:
    return 1


@pipeline
def forms() -> None:
    no_image()
    image_of_run_time()
    no_list()
    no_text()
    unknown(1)
    brace()
    unused(1)
    no_artifact(1)
    no_metadata()
    no_field()
    nowhere()
    elsewhere()
    twice(1)
    frame(1)
    metrics()
    matrix()
    no_name()
    odd()
    large()


@pipeline
def calls(path: str = "x") -> int:
    copy(path)  # PC203
    copy(path, 1)  # PC203
    copy(data=number(), n=table())  # PC203 PC203
    a, b, c = pair()  # PC208
    made = container("x:1", ["x"])  # PC109
    return a
