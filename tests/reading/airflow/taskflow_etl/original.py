"""Extract, transform and load, in the TaskFlow style."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from airflow.sdk import dag, task

SOURCE = '{"1001": 301.5, "1002": 433.5}'


@dag(
    schedule="0 6 * * *",
    start_date=datetime(2024, 1, 1),
    catchup=False,
    tags=["sales"],
    default_args={"owner": "data", "retries": 2, "retry_delay": timedelta(minutes=5)},
)
def sales():
    """Add up the orders of a day."""

    @task
    def extract() -> dict:
        # the real source is an API
        return json.loads(SOURCE)

    @task(multiple_outputs=True, execution_timeout=timedelta(hours=1))
    def transform(orders: dict):
        """Count and add up."""
        return {"total": sum(orders.values()), "count": len(orders)}

    @task(retries=0)
    def load(total: float, count: int):
        print(f"{count} orders: {total:.2f}")

    orders = extract()
    summary = transform(orders)
    load(summary["total"], summary["count"])


sales()
