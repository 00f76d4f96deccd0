"""Functions under `@asset`: with an address alone, with a name beside it, and with what Airflow fills in."""

from airflow.sdk import Asset
from pipec import OnUpdate, native, pipeline, step


@step(updates="s3://lake/orders/")
def orders():
    print("orders")


def totals():
    """Sum up."""
    print("totals")


# PC503: it updates what has no counterpart: several assets, an alias, or one with more to it
totals_task = native(
    "airflow",
    """
    PythonOperator(
        task_id="totals",
        python_callable=totals,
        outlets=[Asset(name="totals", uri="s3://lake/totals/", group="sums", extra={"unit": "EUR"})],
    )
    """,
    imports=["from airflow.providers.standard.operators.python import PythonOperator", "from airflow.sdk import Asset"],
)


def report(self, context, prices, outlet_events, dag_run=None):
    outlet_events[self].extra = {"at": context["ds"], "prices": prices.uri, "run": dag_run}


def call_report(**context):
    """Call `report` with the assets that it names."""
    return report(
        self=Asset(name="report", uri="report"),
        context=context,
        prices=Asset(name="prices", uri="s3://lake/prices/"),
        outlet_events=context["outlet_events"],
    )


# PC503: it reads events of assets
report_task = native(
    "airflow",
    """
    PythonOperator(
        task_id="report",
        python_callable=call_report,
        outlets=[Asset(name="report", uri="report")],
        inlets=[Asset.ref(name="prices")],
    )
    """,
    imports=["from airflow.providers.standard.operators.python import PythonOperator", "from airflow.sdk import Asset"],
)


def look_by_name(*, inlet_events):
    print(inlet_events[Asset(name="totals", uri="s3://lake/totals/")])


# PC503: it reads events of assets
look_by_name_task = native(
    "airflow",
    """
    PythonOperator(
        task_id="look_by_name",
        python_callable=look_by_name,
        inlets=[Asset(name="totals", uri="s3://lake/totals/", group="sums", extra={"unit": "EUR"})],
    )
    """,
    imports=["from airflow.providers.standard.operators.python import PythonOperator", "from airflow.sdk import Asset"],
)


@pipeline(schedule="@daily")
def make_orders():
    orders()


@pipeline(name="totals")
def totals_2():
    totals_task()


@pipeline(name="report", schedule=OnUpdate("s3://lake/orders/"), tags=["reports"])
def report_2():
    report_task()


@pipeline
def check_by_name():
    look_by_name_task()
