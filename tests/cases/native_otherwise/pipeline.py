"""A step in the words of one target, and a plain one that runs in its stead everywhere else."""

from pathlib import Path

from pipec import Dataset, native, pipeline, step


@step(retries=1)
def copied(uri: str) -> Dataset:
    Path("table.csv").write_text(uri)
    return Dataset("table.csv")


known = native(
    "kfp",
    'dsl.importer(artifact_uri=uri, artifact_class=dsl.Dataset, metadata={"columns": 3})',
    imports=["from kfp import dsl"],
    inputs={"uri": str},
    outputs={"artifact": Dataset},
    otherwise=copied,
)


@step
def length(table: Dataset) -> int:
    return len(Path(table).read_text())


@pipeline
def native_otherwise(uri: str = "gs://bucket/table.csv") -> int:
    total = length(known(uri))
    if total > 3:
        total = total + length(known(f"{uri}.gz"))
    return total
