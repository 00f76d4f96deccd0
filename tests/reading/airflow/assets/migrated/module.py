"""One DAG updates an asset, another waits for it."""

from pipec import OnUpdate, pipeline, step


@step(updates="s3://lake/orders/")
def produce():
    print("orders")


@step
def consume():
    print("consumed")


@step(targets={"airflow": {"task_id": "consume"}})
def consume_2():
    print("any")


@step(targets={"airflow": {"task_id": "consume"}})
def consume_3():
    print("all")


@pipeline(schedule="@daily")
def produce_orders():
    produce()


@pipeline(schedule=OnUpdate("s3://lake/orders/"))
def consume_orders():
    consume()


@pipeline(schedule=OnUpdate(["s3://lake/orders/", "s3://lake/prices/"]))
def consume_any():
    consume_2()


@pipeline(targets={"airflow": {"schedule": ["s3://lake/orders/", "s3://lake/prices/"]}})
def consume_all():
    consume_3()
