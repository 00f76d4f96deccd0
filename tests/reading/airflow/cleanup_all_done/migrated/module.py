"""A task that runs at the end whatever has happened."""

from pipec import native, pipeline, step


@step
def start() -> str:
    return "cluster"


@step
def work(cluster: str) -> int:
    return len(cluster)


def stop():
    print("stopped")


# PC503: its trigger rule is `all_done`
stop_task = native(
    "airflow",
    'PythonOperator(task_id="stop", python_callable=stop, trigger_rule="all_done")',
    imports=["from airflow.providers.standard.operators.python import PythonOperator"],
)


@pipeline
def cleanup_all_done():
    start_result = start()
    work(start_result)
    stop_task()
