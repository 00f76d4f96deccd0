"""A condition over parameters alone, with no task before it."""

from pipec import pipeline, step


@step
def full() -> str:
    return "full"


@step
def quick(hint: str) -> str:
    return f"quick {hint}"


@pipeline
def branch_on_parameter(mode: str = "it's {{ quick }}", limit: float = 0.5) -> str:
    if "quick" in mode and limit <= 0.5:
        result = quick(mode)
    else:
        result = full()
    return result
