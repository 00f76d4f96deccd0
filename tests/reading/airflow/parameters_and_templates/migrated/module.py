"""Parameters, templates, and what a function takes from the context."""

from pipec import parallel, pipeline, run, step


def fetch(date: str, table: str, limit: int) -> str:
    return f"{table} {date} {limit}"


@step
def describe(text: str, ds=None, run_id=None, params=None):
    print(text, ds, run_id, params["table"])


@step
def attempt(attempt, ds, limit):
    print(attempt, ds, limit)


@step(targets={"airflow": {"task_id": "fetch"}})
def fetch_2(date, table, limit) -> str:
    return fetch(date, table, limit)


@step
def other(date, table, limit) -> str:
    return fetch(date=date, table=table, limit=limit)


@pipeline(schedule="@hourly")
def parameters_and_templates(table: str = "orders", limit: int = 10, suffix: str = "x"):
    with parallel():
        text = fetch_2(run.date, f"{table}-{run.date.replace('-', '')}", 3)
        describe_result = describe(
            text, ds=run.date, params={"table": table, "limit": limit, "suffix": suffix}, run_id=run.id
        )
        with parallel(after=describe_result):
            attempt(attempt=run.attempt, ds=run.date, limit=limit)
        other(date=suffix, table="t", limit=1)
