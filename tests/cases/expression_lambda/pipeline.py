"""Lambdas as arguments of builtins: the best of several candidates by its score."""

from pipec import pipeline, step


@step
def score(n: int) -> float:
    return float(-((n - 5) ** 2))


@pipeline
def expression_lambda() -> list[object]:
    candidates = [3, 6, 9]
    scores = [score(n) for n in candidates]
    best = max(range(len(scores)), key=lambda i: scores[i])
    ranked = sorted(range(len(scores)), key=lambda i: (-scores[i], i))
    return [best, candidates[best], ranked]
