from kfp import dsl
from kfp.dsl import Dataset, Input, Model, Output, container_component


@container_component
def train(
    data: Input[Dataset],
    rate: float,
    name: str,
    model: Output[Model],
    loss: dsl.OutputPath(float),
    flags: list = ["--fast"],
):
    """Train in an image.

    Args:
        rate: The learning rate.
    """
    return dsl.ContainerSpec(
        image="registry.example.com/trainer:2",
        command=["python", "-m", "trainer"],
        args=[
            "--data", data.path,
            "--source", data.uri,
            f"--rate={rate}",
            f"--out={model.path}/{name}",
            "--loss-file", loss,
            "--flags", flags,
        ],
    )  # fmt: skip


@dsl.container_component
def hello():
    return dsl.ContainerSpec(image="alpine", command=["echo"], args=["hello"])


@dsl.pipeline(name="containers")
def containers(rate: float = 0.1):
    hello()
    data = dsl.importer(artifact_uri="gs://bucket/data.csv", artifact_class=dsl.Dataset, reimport=False)
    train(data=data.output, rate=rate, name="first")
