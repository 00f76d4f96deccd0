from kfp import dsl
from kfp.dsl import Dataset, Input


@dsl.container_component
def show(data: Input[Dataset]):
    return dsl.ContainerSpec(
        image="alpine", command=["echo"], args=["--framework", data.metadata["framework"], data.metadata]
    )


@dsl.pipeline(name="metadata")
def metadata():
    show(data=dsl.importer(artifact_uri="gs://bucket/data.csv", artifact_class=dsl.Dataset).output)
