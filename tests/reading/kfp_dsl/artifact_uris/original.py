from kfp import dsl
from kfp.dsl import Artifact, Dataset, Input, Model, Output


@dsl.component
def write(text: str, file: Output[Dataset]):
    with open(file.path, "w") as stream:
        stream.write(text)


@dsl.component
def describe(rows: int, model: Output[Model]):
    with open(model.path, "w") as stream:
        stream.write("m" * rows)
    model.metadata["rows"] = rows


@dsl.component
def read(file: Input[Dataset], times: int = 1) -> str:
    print(file.uri)
    return open(file.uri.replace("gs://", "/gcs/")).read() * times


@dsl.component
def both(model: Input[Model], model_uri: str, file: Input[Dataset]) -> str:
    # where a model server finds them
    return f"{model.uri} {model.metadata['rows']} {model_uri} {file.name}: {file.uri}"


@dsl.component
def bound_anew(file: Input[Dataset]) -> str:
    if not file.uri:
        file = None
    return str(file)


@dsl.component
def moved(file: Input[Dataset], made: Output[Artifact]):
    made.uri = file.uri
    print(made.uri)


@dsl.component
def in_lists(files: Input[list[Dataset]]) -> int:
    return sum(len(one.uri) for one in files)


@dsl.pipeline
def inner(file: Input[Dataset]) -> str:
    own = write(text="own")
    read(file=own.outputs["file"])
    return read(file=file).output


@dsl.pipeline(name="artifact-uris")
def artifact_uris(text: str = "abc", rows: int = 3) -> str:
    file = write(text=text).outputs["file"]
    model = describe(rows=rows).outputs["model"]
    read(file=file, times=2)
    both(model=model, model_uri="s3://a", file=file)
    bound_anew(file=file)
    moved(file=file)
    inner(file=file)
    with dsl.If(rows == 3):
        read(file=file)
        one = write(text="one")
    with dsl.Else():
        other = write(text="other")
    with dsl.ParallelFor([1, 2]) as item:
        each = write(text="each")
        read(file=each.outputs["file"], times=item)
    in_lists(files=dsl.Collected(each.outputs["file"]))
    return read(file=dsl.OneOf(one.outputs["file"], other.outputs["file"])).output
