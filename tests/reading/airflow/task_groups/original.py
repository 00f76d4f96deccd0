"""Groups of tasks, and edges between them."""

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, TaskGroup, task


@task
def load(name: str) -> str:
    return name


@task
def clean(text: str) -> str:
    return text.strip()


@task
def train(left: str, right: str):
    print(left, right)


with DAG("task_groups", schedule=None, catchup=False) as dag:
    start = EmptyOperator(task_id="start")
    with TaskGroup("left", tooltip="The left side") as left_side:
        left = clean(load("left "))
    with TaskGroup("right") as right_side:
        right = clean(load("right "))
    start >> [left_side, right_side]
    trained = train(left, right)
    end = EmptyOperator(task_id="end")
    trained >> end
