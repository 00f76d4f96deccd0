"""A group of tasks for each item."""

from airflow.sdk import dag, task, task_group


@dag(schedule=None)
def mapped_group():
    @task
    def add(x: int, y: int) -> int:
        return x + y

    @task
    def double(x: int) -> int:
        return x * 2

    @task_group
    def both(x: int, y: int):
        return double(add(x, y))

    @task
    def total(values):
        print(sum(values))

    total(both.partial(y=10).expand(x=[1, 2, 3]))


mapped_group()
