from kfp import dsl
from kfp.dsl import Dataset, Input


@dsl.component
def show(data: Input[Dataset]):
    print(data.metadata)


@dsl.component
def name() -> str:
    return "gs://bucket/x"


@dsl.pipeline(name="importing")
def importing(uri: str = "gs://bucket/data", owner: str = "me"):
    fixed = dsl.importer(
        artifact_uri="gs://bucket/fixed",
        artifact_class=dsl.Dataset,
        reimport=True,
        metadata={"owner": owner, "again": owner, "text": f"by {owner}", "list": [1, "x"]},
    )
    show(data=fixed.output)
    given = dsl.importer(artifact_uri=uri, artifact_class=Dataset)
    show(data=given.outputs["artifact"])
    made = dsl.importer(name().output, Dataset, metadata={"made": name().output})
    show(data=made.output)
