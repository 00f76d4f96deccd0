"""Items that are dicts and tuples, looked into inside the iteration."""

from pipec import pipeline, step


@step
def grid() -> list[dict]:
    return [{"depth": 1, "rates": (0.1, 0.2)}, {"depth": None, "rates": (0.3,)}]


@step
def fit(depth: int | None, rate: float, label: str) -> str:
    return f"{label}:{depth}:{rate}"


@pipeline
def fanout_of_dicts() -> list[str]:
    return [fit(p["depth"], p["rates"][-1], label=f"d{p['depth']}") for p in grid()]
