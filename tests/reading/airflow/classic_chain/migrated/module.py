"""The classic style: operators, XComs, and arrows."""

import json

from pipec import Retry, pipeline, step

LIMIT = 3


@step
def fetch_rows(rows) -> dict:
    xcoms: dict = {}
    data = list(range(rows))
    xcoms["rows"] = data
    return xcoms


@step
def train_model(rate: float = 0.5, *, rows):
    model = {"weight": sum(rows[:LIMIT]) * rate}
    return json.dumps(model)


@step
def report(train_model):
    model = json.loads(train_model)
    print("weight", model["weight"])
    return model["weight"]


@pipeline(schedule="@daily", max_active_runs=1, owner="ml", defaults={"retries": Retry(1, delay="30s")})
def classic_training():
    """Train by night"""
    fetch_task = fetch_rows(rows=5)
    train_task = train_model(rate=2.0, rows=fetch_task.get("rows"))
    report(train_model=train_task)
