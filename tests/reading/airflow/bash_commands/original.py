"""Shell commands, with and without templates."""

import pendulum
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG(
    "bash_commands",
    schedule="30 2 * * 1-5",
    start_date=pendulum.datetime(2024, 1, 1, tz="Europe/Berlin"),
    catchup=False,
    params={"table": "orders"},
) as dag:
    hello = BashOperator(task_id="hello", bash_command="echo hello")
    dated = BashOperator(
        task_id="dated",
        bash_command='echo "{{ params.table }} of {{ ds }} {not a parameter}"',
    )
    quiet = BashOperator(
        task_id="quiet", bash_command="echo $MODE", env={"MODE": "{{ params.table }}"}, append_env=True
    )
    told = BashOperator(task_id="told", bash_command="echo got {{ ti.xcom_pull(task_ids='hello') }}")
    macro = BashOperator(task_id="macro", bash_command="echo {{ macros.ds_add(ds, 7) }}")

    hello >> [dated, quiet] >> told >> macro
