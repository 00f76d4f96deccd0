"""The tasks depend on what a file says."""

from pathlib import Path

from airflow.decorators import dag, task


@dag(schedule=None)
def not_static():
    @task
    def copy(table: str):
        print(table)

    # a file that is written by another DAG
    for table in Path("/data/tables.txt").read_text().split():
        copy.override(task_id=f"copy_{table}")(table)


@dag(schedule=None)
def static_one():
    @task
    def hello():
        print("hello")

    hello()


not_static()
static_one()
