"""A task that runs at the end whatever has happened."""

from airflow.sdk import dag, task


@dag(schedule=None)
def cleanup_all_done():
    @task
    def start() -> str:
        return "cluster"

    @task
    def work(cluster: str) -> int:
        return len(cluster)

    @task(trigger_rule="all_done")
    def stop():
        print("stopped")

    work(start()) >> stop()


cleanup_all_done()
