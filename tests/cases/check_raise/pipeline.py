"""`raise PipelineFailed` fails the run, in an arm, after an effect, or in a loop."""

from pipec import PipelineFailed, pipeline, step


@step
def read(n: int) -> int:
    return n


@step
def tell(text: str) -> None:
    print(text)


@step
def finish(n: int) -> str:
    return f"finished {n}"


@pipeline
def check_raise(n: int = 1) -> str:
    found = read(n)
    if found == 2:
        raise PipelineFailed("two")
    if found > 2:
        tell("this is the end")
        raise PipelineFailed(f"{found} is too many")
    for i in range(2):
        if read(i) == found + 1:
            raise PipelineFailed("in the loop")
    return finish(found)
