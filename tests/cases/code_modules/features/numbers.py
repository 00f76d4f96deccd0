"""Number features."""

from pipec import step

FACTOR = 0.5


@step(memory="256Mi")
def scale(values: list[int]) -> list[float]:
    return [v * FACTOR for v in values]
