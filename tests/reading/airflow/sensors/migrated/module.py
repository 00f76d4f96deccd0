"""Files that are waited for."""

from pipec import native, pipeline, step


@step
def read():
    print("read")


# PC503: `FileSensor` has no counterpart
wait = native(
    "airflow",
    'FileSensor(task_id="wait", filepath="/data/in.csv", poke_interval=30, timeout=600)',
    imports=["from airflow.providers.standard.sensors.filesystem import FileSensor"],
)


@pipeline
def sensors():
    wait()
    read()
