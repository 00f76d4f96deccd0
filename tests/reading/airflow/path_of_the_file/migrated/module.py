"""Functions that read files beside the DAG file."""

from pathlib import Path

from airflow.sdk import get_current_context
from pipec import native, pipeline, step


def text_of(name: str) -> str:
    return (Path(get_current_context()["dag"].fileloc).parent / name).read_text()


def query() -> str:
    # beside this file
    return text_of("query.sql")


@step(targets={"airflow": {"task_id": "run"}})
def run_2(text: str):
    print(text)


# PC503: it reads `__file__`, the path of the DAG file
# PC507: `query` does not do quite the same: `__file__` is the path of the DAG file that is written
query_task = native(
    "airflow",
    'PythonOperator(task_id="query", python_callable=query)',
    imports=["from airflow.providers.standard.operators.python import PythonOperator"],
)


@pipeline
def path_of_the_file():
    query_result = query_task()
    run_2(query_result)
