"""Nothing more is done where there is nothing new."""

from airflow.sdk import dag, task


@dag(schedule=None)
def short_circuit():
    @task
    def rows() -> int:
        return 3

    @task.short_circuit
    def anything(n: int) -> bool:
        return n > 0

    @task
    def train(n: int) -> int:
        return n + 1

    @task
    def publish(n: int):
        print("published", n)

    n = rows()
    model = train(n)
    anything(n) >> model
    publish(model)


short_circuit()
