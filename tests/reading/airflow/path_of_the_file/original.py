"""Functions that read files beside the DAG file."""

from pathlib import Path

from airflow.sdk import dag, task


def text_of(name: str) -> str:
    return (Path(__file__).parent / name).read_text()


@dag(schedule=None)
def path_of_the_file():
    @task
    def query() -> str:
        # beside this file
        return text_of("query.sql")

    @task
    def run(text: str):
        print(text)

    run(query())


path_of_the_file()
