"""A container that takes a file cannot get one from a run, which gives values alone."""

from pipec import Dataset, container, pipeline

count = container("alpine:3", ["sh", "-c"], ["wc -c < {data} > {size}"], inputs={"data": Dataset}, outputs={"size": int})


@pipeline
def file_parameter(data: Dataset) -> int:
    return count(data)  # PC203
