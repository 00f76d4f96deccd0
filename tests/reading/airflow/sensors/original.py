"""Files that are waited for."""

from airflow.providers.standard.sensors.filesystem import FileSensor
from airflow.sdk import DAG, task

with DAG("sensors", schedule=None) as dag:

    @task
    def read():
        print("read")

    FileSensor(task_id="wait", filepath="/data/in.csv", poke_interval=30, timeout=600) >> read()
