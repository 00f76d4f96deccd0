"""What a Python operator may call."""

import functools
from datetime import datetime
from math import sqrt

from airflow.models import DAG
from airflow.operators.python import PythonOperator


def power(base: int, exponent: int) -> int:
    return base**exponent


dag = DAG("callables_of_all_kinds", schedule=None, start_date=datetime(2024, 1, 1))

squared = PythonOperator(task_id="squared", python_callable=functools.partial(power, exponent=2), op_args=[3], dag=dag)
cubed = PythonOperator(task_id="cubed", python_callable=power, op_kwargs={"base": 3, "exponent": 3}, dag=dag)
root = PythonOperator(task_id="root", python_callable=sqrt, op_args=[2.0], dag=dag)
shown = PythonOperator(
    task_id="show-it", python_callable=lambda text, mark="!": print(text + mark), op_args=["x"], dag=dag
)

squared.set_downstream(cubed)
cubed.set_downstream([root, shown])
