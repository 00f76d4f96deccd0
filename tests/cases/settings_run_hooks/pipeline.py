"""Somebody is told how a run has ended; not of runs on the machine of whoever writes it."""

import os

from pipec import pipeline, step

CHANNEL = "#ml-alerts"


def post(message: str) -> None:
    """Stands for a message to a chat."""
    with open(os.environ.get("MESSAGES", os.devnull), "a", encoding="utf-8") as file:
        file.write(f"{CHANNEL} {message}\n")


def page(message: str) -> None:
    post(f"PAGE {message}")


@step
def divide(n: int) -> float:
    return 12 / n


@pipeline(on_failure=page, on_success=post)
def settings_run_hooks(n: int = 3) -> float:
    return divide(n)
