"""A step that takes long says so in its log, tells somebody, and goes on; of runs on one's own machine nobody is told."""

import os
import time

from pipec import Deadline, Retry, pipeline, step

CHANNEL = "#ml-alerts"


def page(message: str) -> None:
    """Stands for a message to a chat."""
    with open(os.environ.get("MESSAGES", os.devnull), "a", encoding="utf-8") as file:
        file.write(f"{CHANNEL} {message}\n")


@step(deadline=Deadline("1s", tell=page), retries=Retry(1))
def train(seconds: float) -> float:
    time.sleep(seconds)
    return seconds * 2


@step(deadline="2h")
def publish(loss: float, name: str) -> str:
    return f"{name}: {loss}"


@step(deadline=Deadline("90m", tell=page), cache="7d")
def score(loss: float) -> list[float]:
    return [loss]


@pipeline
def settings_deadline(seconds: float = 0.0) -> list[str]:
    loss = train(seconds)
    return [publish(found + 1, "model") for found in score(loss)]
