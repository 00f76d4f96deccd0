from types import SimpleNamespace

from pipec import pipeline, step


@step
def start() -> list[int]:
    candidates = [1, 2, 4, 8]
    return candidates


@step
def attempt(candidate: int, target: int):
    distance = abs(candidate - target)
    return distance


@step
def pick(candidates, all_distance) -> tuple[object, object]:
    inputs = [
        SimpleNamespace(candidate=candidate, distance=distance)
        for candidate, distance in zip(candidates, all_distance)
    ]
    # the closest one wins
    best = min(inputs, key=lambda i: i.distance)
    winner = best.candidate
    distances = {i.candidate: i.distance for i in inputs}
    return winner, distances


@step
def end(winner):
    print("winner:", winner)


@pipeline
def grid(target: int = 3):
    """Try several values, and keep the best."""
    candidates = start()
    distances = [attempt(candidate, target) for candidate in candidates]
    winner, distances = pick(candidates, distances)
    end(winner)
    return {"winner": winner, "distances": distances}
