"""Tasks made in loops and by functions, and two DAGs made by one."""

from pipec import pipeline, step


def copy(table: str, rows: int) -> int:
    print(f"copy {rows} of {table}")
    return rows


@step
def start() -> None:
    """Nothing: other steps wait for it."""


@step(targets={"airflow": {"task_id": "start"}})
def start_2() -> None:
    """Nothing: other steps wait for it."""


@step
def copy_customers(table, rows) -> int:
    return copy(table=table, rows=rows)


@step
def copy_orders(table, rows) -> int:
    return copy(table=table, rows=rows)


@step(targets={"airflow": {"task_id": "copy_customers"}})
def copy_customers_2(table, rows) -> int:
    return copy(table=table, rows=rows)


@step(targets={"airflow": {"task_id": "copy_orders"}})
def copy_orders_2(table, rows) -> int:
    return copy(table=table, rows=rows)


@pipeline
def copy_day():
    start()
    copy_customers(table="customers", rows=20)
    copy_orders(table="orders", rows=10)


@pipeline
def copy_night():
    start_2()
    copy_customers_2(table="customers", rows=20)
    copy_orders_2(table="orders", rows=10)
