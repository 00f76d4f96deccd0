"""Branches in branches, groups as arms, and results of arms that are read below."""

from airflow.sdk import DAG, TaskGroup, task


@task
def score(ti=None) -> float: return 0.7 + 0 * ti.try_number


@task.branch
def judge(value: float):
    if value > 0.9:
        return "release"
    elif value > 0.5:
        return "second_look"
    return "reject"


@task.branch
def second_look(value: float) -> str:
    return "keep" if value > 0.6 else "drop"


@task
def deploy(value: float) -> str:
    return f"deployed {value}"


@task
def announce(text: str) -> str:
    return text.upper()


@task
def keep() -> str:
    return "kept"


@task
def drop() -> str:
    return "dropped"


@task(trigger_rule="none_failed_min_one_success")
def looked(kept, dropped) -> str:
    return kept or dropped


@task
def reject() -> str:
    return "rejected"


@task(trigger_rule="none_failed_min_one_success")
def report(released, looked_at, rejected):
    print("report", released or looked_at or rejected)


with DAG("branch_values", schedule=None, catchup=False) as dag:
    value = score()
    verdict = judge(value)
    with TaskGroup("release") as release:
        released = announce(deploy(value))
    second = second_look(value)
    kept = keep()
    dropped = drop()
    second >> [kept, dropped]
    seen = looked(kept, dropped)
    rejected = reject()
    verdict >> [release, second, rejected]
    report(released, seen, rejected)
