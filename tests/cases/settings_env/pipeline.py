"""Environment variables of a step are there in the local run too, and only in that step."""

import os

from pipec import pipeline, step


@step(env={"MODE": "fast {{ ds }} $(HOME)", "EMPTY": "", "PRICE": "5 $$ 'net' $(EMPTY)\n{{workflow.name}}"})
def with_mode() -> list[str | None]:
    return [os.environ.get("MODE"), os.environ.get("EMPTY"), os.environ.get("PRICE")]


@step
def without_mode(_: list[str | None]) -> list[str | None]:
    return [os.environ.get("MODE"), os.environ.get("EMPTY")]


@pipeline
def settings_env() -> list[object]:
    first = with_mode()
    return [first, without_mode(first)]
