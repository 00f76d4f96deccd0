"""Tasks made in loops and by functions, and two DAGs made by one."""

from datetime import datetime

from airflow import DAG
from airflow.operators.empty import EmptyOperator
from airflow.operators.python import PythonOperator

TABLES = {"orders": 10, "customers": 20}


def copy(table: str, rows: int) -> int:
    print(f"copy {rows} of {table}")
    return rows


def make(name: str, tables: dict) -> DAG:
    with DAG(dag_id=f"copy_{name}", schedule=None, start_date=datetime(2024, 1, 1)) as dag:
        start = EmptyOperator(task_id="start")
        previous = start
        for table, rows in sorted(tables.items()):
            current = PythonOperator(
                task_id=f"copy_{table}", python_callable=copy, op_kwargs={"table": table, "rows": rows}
            )
            previous >> current
            previous = current
    return dag


for name in ("day", "night"):
    globals()[f"copy_{name}"] = make(name, TABLES)
