"""Operators of one orchestrator between plain steps: they go there as they are, and nowhere else."""

from pipec import native, parallel, pipeline, step

GREETING = "hello"


@step
def prepare(rows: int) -> int:
    return rows + 1


greet = native(
    "airflow",
    """
    BashOperator(
        task_id="greet",
        bash_command="echo $GREETING, {{ ds }}",
        env={"GREETING": GREETING},
        append_env=True,
    )
    """,
    imports=["from airflow.providers.standard.operators.bash import BashOperator"],
)

each = native(
    "airflow",
    "BashOperator.partial(task_id='each').expand(bash_command=['echo 1', 'echo 2'])",
    imports=["from airflow.providers.standard.operators.bash import BashOperator"],
)


def shout(text: str) -> str:
    return text.upper()


loud = native(
    "airflow",
    'PythonOperator(task_id="loud", python_callable=shout, op_args=["well"])',
    imports=["from airflow.providers.standard.operators.python import PythonOperator"],
)


@step
def report(rows: int, word: str) -> str:
    return f"{rows} {word}"


@pipeline
def native_operators(rows: int = 3) -> str:
    count = prepare(rows)
    greet()
    with parallel():
        word = loud()
        done = each()
        with parallel(after=done):
            text = report(count, word)
    return text
