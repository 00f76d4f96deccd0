"""Arguments for all tasks: those that pipec has words for, those that Airflow alone has, and those of one operator."""

from datetime import datetime, timedelta

from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.operators.python import PythonOperator


def alert(context):
    print("failed", context["task_instance"].task_id)


def work(n: int):
    print(n)


default_args = {
    "owner": "ml",
    "depends_on_past": True,
    "retries": 3,
    "retry_delay": timedelta(minutes=1),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(minutes=30),
    "execution_timeout": timedelta(hours=1),
    "on_failure_callback": alert,
    "email": ["ml@example.com"],
    "cwd": "/tmp",
    "pool": "small",
    "start_date": datetime(2024, 1, 1),
    "catchup": False,
}

with DAG(
    "default_arguments",
    default_args=default_args,
    schedule=timedelta(hours=4),
    catchup=False,
    dagrun_timeout=timedelta(hours=6),
    max_active_tasks=2,
) as dag:
    first = PythonOperator(task_id="first", python_callable=work, op_args=[1])
    second = PythonOperator(
        task_id="second", python_callable=work, op_args=[2], retries=0, pool="large", queue="gpu", priority_weight=5
    )
    third = BashOperator(task_id="third", bash_command="pwd {{ macros.ds_add(ds, 1) }}")
    first >> second >> third
