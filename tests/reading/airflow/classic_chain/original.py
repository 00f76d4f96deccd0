"""The classic style: operators, XComs, and arrows."""

import json
from datetime import datetime, timedelta

from airflow import DAG
from airflow.operators.python import PythonOperator

default_args = {
    "owner": "ml",
    "depends_on_past": False,
    "email_on_failure": False,
    "retries": 1,
    "retry_delay": timedelta(seconds=30),
}

LIMIT = 3


def fetch(rows, **kwargs):
    data = list(range(rows))
    kwargs["ti"].xcom_push(key="rows", value=data)


def train(ti, rate: float = 0.5):
    rows = ti.xcom_pull(task_ids="fetch_rows", key="rows")
    model = {"weight": sum(rows[:LIMIT]) * rate}
    return json.dumps(model)


def report(**context):
    model = json.loads(context["ti"].xcom_pull(task_ids="train_model"))
    print("weight", model["weight"])
    return model["weight"]


with DAG(
    "classic_training",
    default_args=default_args,
    description="Train by night",
    schedule_interval="@daily",
    start_date=datetime(2023, 1, 1),
    catchup=False,
    max_active_runs=1,
) as dag:
    fetch_task = PythonOperator(task_id="fetch_rows", python_callable=fetch, op_kwargs={"rows": 5})
    train_task = PythonOperator(task_id="train_model", python_callable=train, op_kwargs={"rate": 2.0})
    report_task = PythonOperator(task_id="report", python_callable=report, provide_context=True)

    fetch_task >> train_task >> report_task
