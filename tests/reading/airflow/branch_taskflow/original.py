"""A branch that takes a value, and whose arms have several tasks."""

from airflow.sdk import Param, dag, task


@dag(schedule=None, params={"rows": Param(5, type="integer")})
def branch_taskflow():
    @task
    def count(rows: str) -> int:
        return int(rows) * 2

    @task.branch
    def choose(n: int) -> str:
        return "big" if n > 10 else "small"

    @task
    def big(n: int) -> str:
        return f"big {n}"

    @task
    def more(text: str) -> str:
        return text + "!"

    @task
    def small() -> str:
        return "small"

    @task(trigger_rule="none_failed_min_one_success")
    def done():
        print("done")

    n = count("{{ params.rows }}")
    chosen = choose(n)
    large = big(n)
    loud = more(large)
    little = small()
    chosen >> [large, little]
    [loud, little] >> done()


branch_taskflow()
