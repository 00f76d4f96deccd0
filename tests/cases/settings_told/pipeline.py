"""Somebody is told when a step has failed for good, in a loop and outside; not of runs on one's own machine."""

import os

from pipec import pipeline, step

CHANNEL = "#ml-alerts"


def page(message: str, urgent: bool = True) -> None:
    """Stands for a message to a chat."""
    with open(os.environ.get("MESSAGES", os.devnull), "a", encoding="utf-8") as file:
        file.write(f"{CHANNEL} {message}{'!' if urgent else ''}\n")


@step(on_failure=page, retries=1)
def divide(n: int, by: int) -> float:
    return n / by


@step(on_failure=page)
def half(n: float) -> float:
    return n / 2


@pipeline
def settings_told(n: int = 12, by: int = 2) -> list[float]:
    first = divide(n, by)
    return [half(first) for i in range(2)]
