"""A schedule, and how many runs there are at once; runs that are started by hand have neither."""

from pipec import Cron, pipeline, step


@step
def work(n: int) -> int:
    return n + 1


@pipeline(schedule=Cron("30 2 * * 1-5"), max_active_runs=1)
def settings_schedule(n: int = 1) -> int:
    return work(n)
