"""One DAG updates an asset, another waits for it."""

from airflow.sdk import DAG, Asset, task

ORDERS = Asset("s3://lake/orders/")
PRICES = Asset("s3://lake/prices/")

with DAG("produce_orders", schedule="@daily", catchup=False):

    @task(outlets=[ORDERS])
    def produce():
        print("orders")

    produce()

with DAG("consume_orders", schedule=[ORDERS]):

    @task
    def consume():
        print("consumed")

    consume()

with DAG("consume_any", schedule=ORDERS | PRICES):

    @task(task_id="consume")
    def consume_any():
        print("any")

    consume_any()

with DAG("consume_all", schedule=[ORDERS, PRICES]):

    @task(task_id="consume")
    def consume_all():
        print("all")

    consume_all()
