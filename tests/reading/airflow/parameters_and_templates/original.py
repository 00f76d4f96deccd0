"""Parameters, templates, and what a function takes from the context."""

from datetime import datetime

from airflow.decorators import dag, task
from airflow.models.param import Param


@task
def fetch(date: str, table: str, limit: int) -> str:
    return f"{table} {date} {limit}"


@task
def describe(text: str, ds=None, run_id=None, params=None):
    print(text, ds, run_id, params["table"])


@task
def attempt(**context):
    print(context["ti"].try_number, context["ds"], context["params"]["limit"])


@dag(
    schedule="@hourly",
    start_date=datetime(2024, 1, 1),
    catchup=False,
    params={"table": Param("orders", type="string"), "limit": Param(10, type="integer")},
)
def parameters_and_templates(suffix: str = "x"):
    text = fetch("{{ ds }}", "{{ params.table }}-{{ ds_nodash }}", 3)
    describe(text) >> attempt()
    fetch.override(task_id="other")(date=suffix, table="t", limit=1)


parameters_and_templates()
