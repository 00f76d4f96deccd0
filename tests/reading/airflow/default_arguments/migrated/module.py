"""Arguments for all tasks: those that pipec has words for, those that Airflow alone has, and those of one operator."""

from pipec import Every, Retry, native, pipeline, step


def alert(context):
    print("failed", context["task_instance"].task_id)


def work(n: int):
    print(n)


# PC505: `on_failure_callback` of `first` is not kept: Airflow calls it with its context
@step(timeout="1h")
def first(n):
    return work(n)


# PC505: `on_failure_callback` of `second` is not kept: Airflow calls it with its context
@step(retries=0, timeout="1h", queue="gpu", priority=5, targets={"airflow": {"pool": "large"}})
def second(n):
    return work(n)


# PC503: its command has templates that have no counterpart
third = native(
    "airflow",
    """
    BashOperator(
        task_id="third",
        bash_command="pwd {{ macros.ds_add(ds, 1) }}",
        execution_timeout=timedelta(seconds=3600),
        on_failure_callback=alert,
    )
    """,
    imports=["from airflow.operators.bash import BashOperator", "from datetime import timedelta"],
)


@pipeline(
    schedule=Every("4h"),
    timeout="6h",
    max_parallel=2,
    owner="ml",
    defaults={"retries": Retry(3, delay="1m", backoff=2, max_delay="30m")},
    targets={
        "airflow": {
            "default_args": {"depends_on_past": True, "email": ["ml@example.com"], "cwd": "/tmp", "pool": "small"},
        },
    },
)
def default_arguments():
    first(1)
    second(2)
    third()
