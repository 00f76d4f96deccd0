"""Fan-outs in an arm that is not taken, with what comes together inside them: arms of a branch, and a `try`."""

from pipec import PipelineFailed, pipeline, step


@step
def half(n: int) -> int:
    return n // 2


@step
def triple(n: int) -> int:
    return 3 * n + 1


@step
def note(n: int) -> None:
    """Told."""


@pipeline
def join_in_fanout_in_branch(go: bool = False) -> list[int]:
    first = half(9)
    found = [first]
    if go:
        note(first)
        for n in (3, 4):
            try:
                made = half(first)
                if n == 7:
                    raise PipelineFailed("seven")
            finally:
                note(n)
        for n in (3, 4):
            if n % 2:
                made = triple(n)
            else:
                made = half(n)
            note(made)
        found = [first, first]
    return found
