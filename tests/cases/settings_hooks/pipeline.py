"""Somebody is told when a step has failed for good, and how a run has ended."""

import os
from datetime import datetime

from pipec import pipeline, step

CHANNEL = "#ml-alerts"


def post(message: str) -> None:
    """Stands for a message to a chat."""
    with open(os.environ.get("MESSAGES", os.devnull), "a", encoding="utf-8") as file:
        file.write(f"{CHANNEL} {message}\n")


def page(message: str, at: datetime | None = None) -> None:
    post(f"PAGE {message}")


@step(on_failure=page, retries=1)
def divide(n: int) -> float:
    return 12 / n


@step(on_failure=page)
def half(n: float) -> float:
    return n / 2


@pipeline(on_failure=page, on_success=post)
def settings_hooks(n: int = 3) -> list[float]:
    return [half(divide(n)) for i in range(2)]
