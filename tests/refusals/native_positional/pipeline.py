"""Airflow's operators take named arguments alone: given something by position, the DAG file would not load."""

from pipec import native, pipeline

IMPORTS = ["from airflow.providers.standard.operators.bash import BashOperator"]

one = native("airflow", 'BashOperator("echo", task_id="one")', imports=IMPORTS)  # PC408
some = native("airflow", 'BashOperator.partial("x", task_id="some").expand(bash_command=["a"])', imports=IMPORTS)  # PC408


@pipeline
def native_positional() -> None:
    one()  # PC401 PC401
    some()  # PC401 PC401
