from pipec import Retry, parallel, pipeline, run, step


@step(retries=Retry(2, delay="0s"))
def start(retry_count: int, run_id: str) -> tuple[str, object, bool]:
    where = f"{'CurrentFlow'}/{'start'}"
    attempt = retry_count
    named = len(run_id) > 0
    return where, attempt, named


@step
def middle():
    again = "middle"
    return again


@step
def end(where: str, attempt):
    print(where, attempt)


@pipeline
def current():
    where, attempt, named = start(run.attempt - 1, run.id)
    with parallel(after=(where,)):
        again = middle()
    end(where, attempt)
    return {"where": where, "attempt": attempt, "named": named, "again": again}
