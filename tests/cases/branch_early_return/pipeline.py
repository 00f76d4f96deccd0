"""After an early return nothing else runs."""

from pipec import pipeline, step


@step
def validate(rows: int) -> list[str]:
    return [] if rows > 3 else ["too few rows"]


@step
def train(rows: int) -> float:
    return rows / 10


@step
def deploy(score: float) -> str:
    return f"deployed {score}"


@pipeline
def branch_early_return(rows: int = 8) -> dict[str, object]:
    problems = validate(rows)
    if problems:
        return {"status": "invalid", "problems": problems}
    score = train(rows)
    if score < 0.5:
        return {"status": "weak", "score": score}
    return {"status": "done", "message": deploy(score)}
