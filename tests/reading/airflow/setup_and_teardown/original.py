"""A cluster that is taken down again."""

from airflow.sdk import DAG, setup, task, teardown

with DAG("setup_and_teardown", schedule=None) as dag:

    @setup
    def create():
        return "cluster"

    @task
    def work():
        print("work")

    @teardown
    def delete(name):
        print("deleted", name)

    created = create()
    deleted = delete(created)
    created >> work() >> deleted
