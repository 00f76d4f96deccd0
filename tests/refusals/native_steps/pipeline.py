"""Native steps that cannot be read."""

from pipec import native, pipeline, step


@step
def target() -> str:
    return "airflow"


nameless = native("airflow", "BashOperator(task_id='a', bash_command='b')")  # PC218
broken = native("airflow", "BashOperator(task_id='a'")  # PC218
unknown = native(target(), "str()")  # PC218
listed = native("airflow", "str()", imports=["x = 1"])  # PC218
empty = native("airflow")  # PC218
more = native("airflow", "str()", retries=3)  # PC218
taking = native("airflow", "str()")


@pipeline
def native_steps() -> None:
    nameless()
    broken()
    unknown()
    listed()
    empty()
    more()
    taking(3)  # PC203
