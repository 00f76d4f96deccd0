"""A report after each good end of the training in the same file, whichever way that has gone."""

from pipec import After, Cron, pipeline, step


@step
def train(rows: int) -> float:
    return rows / 100


@step
def publish(score: float) -> None:
    print(f"publishing {score}")


@step
def summarize(score: float) -> str:
    return f"score {score}"


@step
def report(day: str) -> str:
    return f"trained on {day or 'no day'}"


@pipeline(schedule=Cron("0 2 * * *"))
def settings_after(rows: int = 80) -> str:
    score = train(rows)
    summary = summarize(score)
    if score > 0.5:
        publish(score)
    return summary


@pipeline(schedule=After("settings_after"))
def reporting(day: str = "") -> str:
    return report(day)
