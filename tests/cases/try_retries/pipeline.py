"""Retries come first: the handler runs after the last attempt."""

from pathlib import Path

from pipec import Retry, pipeline, step


@step(retries=Retry(2, delay="1s"))
def count_up(folder: str, enough: int) -> int:
    file = Path(folder) / "attempts"
    attempts = int(file.read_text()) + 1 if file.exists() else 1
    file.write_text(str(attempts))
    if attempts < enough:
        raise RuntimeError(f"attempt {attempts} failed")
    return attempts


@pipeline
def try_retries(folder: str, enough: int = 2) -> str:
    try:
        attempts = count_up(folder, enough)
        result = f"done after {attempts}"
    except Exception as error:
        result = f"gave up: {error}"
    return result
