"""A cluster that is taken down again."""

from pipec import native, parallel, pipeline, step


def create():
    return "cluster"


@step
def work():
    print("work")


def delete(name):
    print("deleted", name)


# PC503: it is a setup or a teardown
create_task = native(
    "airflow",
    'PythonOperator(task_id="create", python_callable=create).as_setup()',
    imports=["from airflow.providers.standard.operators.python import PythonOperator"],
)

# PC503: it is a setup or a teardown
delete_task = native(
    "airflow",
    'PythonOperator(task_id="delete", python_callable=delete, op_args=[create_task.output]).as_teardown()',
    imports=["from airflow.providers.standard.operators.python import PythonOperator"],
)


@pipeline
def setup_and_teardown():
    with parallel():
        created = create_task()
        with parallel(after=created):
            work_result = work()
        with parallel(after=(created, work_result)):
            delete_task()
