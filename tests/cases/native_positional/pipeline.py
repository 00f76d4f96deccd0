"""Operators of one orchestrator that are given something by position go there with it."""

from pipec import native, pipeline, step

WORDS = ("so", "be", "it")


def shout(text: str, *more: str, mark: str) -> str:
    return " ".join((text, *more)).upper() + mark


each = native(
    "airflow",
    "BashOperator.partial(task_id='each').expand_kwargs([{'bash_command': 'echo 1'}, {'bash_command': 'echo 2'}])",
    imports=["from airflow.providers.standard.operators.bash import BashOperator"],
)

loud = native(
    "airflow",
    'task(task_id="loud")(shout)("well", *WORDS, mark="!")',
    imports=["from airflow.sdk import task"],
)


@step
def report(rows: int, word: str) -> str:
    return f"{rows} {word}"


@pipeline
def native_positional(rows: int = 3) -> str:
    word = loud()
    each()
    return report(rows, word)
