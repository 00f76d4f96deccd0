from kfp import dsl
from kfp.dsl import Dataset, Model


@dsl.component
def load() -> Dataset:
    found = Dataset(uri=dsl.get_uri(), metadata={"rows": 1})
    with open(found.path, "w") as file:
        file.write("1")
    return found


@dsl.component
def fit(data: Dataset) -> Model:
    return Model(uri=dsl.get_uri("model"), metadata={"from": data.uri})


@dsl.pipeline(name="returned")
def returned() -> Model:
    return fit(data=load().output).output
