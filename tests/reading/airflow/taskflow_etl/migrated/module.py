"""Extract, transform and load, in the TaskFlow style."""

from __future__ import annotations

import json

from pipec import Cron, Retry, pipeline, step

SOURCE = '{"1001": 301.5, "1002": 433.5}'


@step
def extract() -> dict:
    # the real source is an API
    return json.loads(SOURCE)


@step(timeout="1h")
def transform(orders: dict) -> dict:
    """Count and add up."""
    return {"total": sum(orders.values()), "count": len(orders)}


@step(retries=0)
def load(total: float, count: int):
    print(f"{count} orders: {total:.2f}")


@pipeline(schedule=Cron("0 6 * * *"), tags=["sales"], owner="data", defaults={"retries": Retry(2, delay="5m")})
def sales():
    """Add up the orders of a day."""
    orders = extract()
    summary = transform(orders)
    load(summary["total"], summary["count"])
