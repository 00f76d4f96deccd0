from kfp import dsl
from kfp.dsl import Input, Output


@dsl.component
def make(page: Output[dsl.HTML], any_file: Output[dsl.Artifact]):
    open(page.path, "w").close()


@dsl.component
def show(thing: Input[dsl.Artifact], page: dsl.Input[dsl.HTML]):
    print(thing.uri)


@dsl.pipeline(name="generic")
def generic():
    made = make()
    show(thing=made.outputs["page"], page=made.outputs["page"])
    show(thing=made.outputs["any_file"], page=made.outputs["page"])
