"""Texts of several lines in functions that move to the top level, and one-line functions."""

from airflow.sdk import dag, task


@dag(schedule=None)
def texts_of_several_lines():
    query = """
SELECT 1
  FROM t
"""

    @task
    def build(name: str) -> str:
        text = f"""
SELECT *
    FROM {name}
        """
        return text

    @task
    def show(text: str, ti=None):
        more = """
          indented
not indented"""
        print(text + more + query + ti.xcom_pull(task_ids="build"))
        if text:
            # a comment
            print("end")

    @task
    def short(n: int): return n + 1

    text = build("t")
    show(text)
    short(1)


texts_of_several_lines()
