"""Functions under `@asset`: with an address alone, with a name beside it, and with what Airflow fills in."""

from airflow.sdk import Asset, asset, dag, task

prices = Asset(name="prices", uri="s3://lake/prices/")


@asset(schedule="@daily", uri="s3://lake/orders/", name="s3://lake/orders/", dag_id="make_orders")
def orders():
    print("orders")


@asset(schedule=None, uri="s3://lake/totals/", group="sums", extra={"unit": "EUR"})
def totals():
    """Sum up."""
    print("totals")


@asset(schedule=[Asset("s3://lake/orders/")], tags=["reports"])
def report(self, context, prices, outlet_events, dag_run=None):
    outlet_events[self].extra = {"at": context["ds"], "prices": prices.uri, "run": dag_run}


@asset(schedule=None)
def unread(self, elsewhere):
    print(elsewhere)


@dag(schedule=None)
def check():
    @task(inlets=[totals])
    def look(*, inlet_events):
        print(inlet_events[totals])

    look()


check()


@dag(schedule=None)
def check_by_name():
    @task(inlets=[totals])
    def look_by_name(*, inlet_events):
        print(inlet_events[Asset(name="totals", uri="s3://lake/totals/")])

    look_by_name()


check_by_name()
