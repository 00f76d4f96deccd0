"""One task for each item."""

from airflow.sdk import dag, task


@dag(schedule=None)
def mapped():
    @task
    def names():
        return ["a", "b", "c"]

    @task
    def size(name: str, factor: int) -> int:
        return len(name) * factor

    @task
    def total(sizes) -> int:
        return sum(sizes)

    @task
    def pair(left: int, right: str):
        print(left, right)

    sizes = size.partial(factor=3).expand(name=names())
    pair.expand(left=[1, 2], right=["x", "y"])
    total(sizes)


mapped()
