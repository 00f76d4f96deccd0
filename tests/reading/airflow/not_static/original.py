"""The tasks depend on what a service says."""

import requests
from airflow.decorators import dag, task


@dag(schedule=None)
def not_static():
    @task
    def copy(table: str):
        print(table)

    for table in requests.get("https://example.com/tables").json():
        copy.override(task_id=f"copy_{table}")(table)


@dag(schedule=None)
def static_one():
    @task
    def hello():
        print("hello")

    hello()


not_static()
static_one()
