from kfp import dsl
from kfp.dsl import InputPath, OutputPath


@dsl.component
def write(text: OutputPath(str), table: OutputPath("Dataset"), blob: OutputPath(), count: dsl.OutputPath(int)):
    with open(text, "w") as file:
        file.write("hello")


@dsl.component
def read(table: InputPath("Dataset"), blob: InputPath(), name: str):
    print(table, blob, name)


@dsl.component
def measure(metrics: OutputPath("Metrics"), page: OutputPath("HTML")):
    with open(metrics, "w") as file:
        file.write("{}")
    with open(page, "w") as file:
        file.write("<p>0.5</p>")


@dsl.pipeline(name="paths")
def paths():
    measure()
    written = write()
    read(table=written.outputs["table"], blob=written.outputs["blob"], name=written.outputs["text"])
