from typing import List

from kfp import dsl
from kfp.dsl import HTML, ClassificationMetrics, Dataset, Input, Markdown, Metrics, Model, Output


@dsl.component
def make(data: Output[Dataset], notes: Output[Markdown]):
    with open(data.path, "w") as file:
        file.write("1,2\n")
    with open(notes.path, "w") as file:
        file.write("# notes")


@dsl.component
def fit(data: Input[Dataset], model: Output[Model], metrics: Output[Metrics], curve: Output[ClassificationMetrics]):
    model.metadata["framework"] = "none"
    metrics.log_metric("accuracy", 0.9)
    curve.log_confusion_matrix(["a", "b"], [[1, 0], [0, 1]])


@dsl.component
def compare(models: Input[List[Model]], page: Output[HTML], baseline: Input[Model] = None):
    with open(page.path, "w") as file:
        file.write(f"<p>{len(models)}</p>")


@dsl.pipeline(name="artifacts")
def artifacts():
    data = make()
    with dsl.ParallelFor([1, 2]):
        fitted = fit(data=data.outputs["data"])
    compare(models=dsl.Collected(fitted.outputs["model"]))
