"""What the pipeline's steps use."""

OFFSET = 100


def spread(n: int) -> list[int]:
    """The numbers below `n`."""
    return list(range(n))
