"""Edges that others imply are kept, where the tasks stand in a row and where they do not."""

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, task

with DAG("in_a_row", schedule=None) as in_a_row:
    first, second, third, fourth = (EmptyOperator(task_id=n) for n in ("first", "second", "third", "fourth"))
    first >> second >> third >> fourth
    first >> [third, fourth]

with DAG("side_by_side", schedule=None) as side_by_side:

    @task
    def load():
        return [1, 2]

    @task
    def show(rows):
        print(rows)

    begin, left, right, end = (EmptyOperator(task_id=n) for n in ("begin", "left", "right", "end"))
    rows = load()
    begin >> [left, right] >> end
    left >> rows >> end
    begin >> [end, rows]
    show(rows) << left
