"""Operators that pipec does not know stand beside those that it does."""

from datetime import datetime

from airflow import DAG
from airflow.operators.python import PythonOperator
from airflow.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor
from airflow.providers.snowflake.operators.snowflake import SnowflakeOperator

BUCKET = "landing"


def check(limit: int) -> bool:
    return limit > 0


with DAG("providers_opaque", start_date=datetime(2024, 1, 1), schedule=None, default_args={"pool": "db"}) as dag:
    arrived = S3KeySensor(task_id="arrived", bucket_key=f"s3://{BUCKET}/data.csv", poke_interval=60, timeout=3600)
    checked = PythonOperator(task_id="checked", python_callable=check, op_args=[3])
    # the tables are rebuilt by Snowflake itself
    rebuilt = SnowflakeOperator(
        task_id="rebuilt",
        sql="""
        CREATE OR REPLACE TABLE t AS
        SELECT * FROM raw
        """,
        snowflake_conn_id="warehouse",
    )
    more = TriggerDagRunOperator(task_id="run-more", trigger_dag_id="more", conf={"date": "{{ ds }}"})

    arrived >> checked >> rebuilt >> more
