"""Branches in branches, groups as arms, and results of arms that are read below."""

from pipec import pipeline, run, step


@step
def score(attempt) -> float:
    return 0.7 + 0 * attempt


@step
def judge(value: float) -> str:
    if value > 0.9:
        return "release"
    elif value > 0.5:
        return "second_look"
    return "reject"


@step
def second_look(value: float) -> str:
    return "keep" if value > 0.6 else "drop"


@step(targets={"airflow": {"task_id": "release.deploy"}})
def deploy(value: float) -> str:
    return f"deployed {value}"


@step(targets={"airflow": {"task_id": "release.announce"}})
def announce(text: str) -> str:
    return text.upper()


@step
def keep() -> str:
    return "kept"


@step
def drop() -> str:
    return "dropped"


@step
def looked(kept, dropped) -> str:
    return kept or dropped


@step
def reject() -> str:
    return "rejected"


@step
def report(released, looked_at, rejected):
    print("report", released or looked_at or rejected)


@pipeline
def branch_values():
    value = score(attempt=run.attempt)
    verdict = judge(value)
    if verdict == "release":
        release_deploy_result = deploy(value)
        released = announce(release_deploy_result)
        seen = None
        rejected = None
    elif verdict == "second_look":
        second = second_look(value)
        if second == "keep":
            kept = keep()
            dropped = None
        else:
            dropped = drop()
            kept = None
        seen = looked(kept, dropped)
        released = None
        rejected = None
    else:
        rejected = reject()
        released = None
        seen = None
    report(released, seen, rejected)
