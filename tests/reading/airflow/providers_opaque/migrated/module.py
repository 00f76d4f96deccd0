"""Operators that pipec does not know stand beside those that it does."""

from pipec import native, pipeline, step

BUCKET = "landing"


@step
def checked(limit: int) -> bool:
    return limit > 0


# PC503: `S3KeySensor` has no counterpart
arrived = native(
    "airflow",
    'S3KeySensor(task_id="arrived", bucket_key=f"s3://{BUCKET}/data.csv", poke_interval=60, timeout=3600)',
    imports=["from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor"],
)

# PC503: `SnowflakeOperator` has no counterpart
rebuilt = native(
    "airflow",
    'SnowflakeOperator(task_id="rebuilt", sql="\\n        CREATE OR REPLACE TABLE t AS\\n        SELECT * FROM raw\\n        ", snowflake_conn_id="warehouse")',
    imports=["from airflow.providers.snowflake.operators.snowflake import SnowflakeOperator"],
)

# PC503: `TriggerDagRunOperator` has no counterpart
run_more = native(
    "airflow",
    'TriggerDagRunOperator(task_id="run-more", trigger_dag_id="more", conf={"date": "{{ ds }}"})',
    imports=["from airflow.operators.trigger_dagrun import TriggerDagRunOperator"],
)


@pipeline(targets={"airflow": {"default_args": {"pool": "db"}}})
def providers_opaque():
    arrived()
    checked(3)
    rebuilt()
    run_more()
