"""Migrated from the compiled pipeline "ignored-failure"."""

from pipec import PipelineFailed, pipeline, step


@step(image="python:3.11", cache=True)
def fail(text: str) -> str:
    raise ValueError(text)


@step(image="python:3.11", cache=True)
def show_or(text: str = 'nothing'):
    print(text)


@pipeline(name="ignored-failure")
def ignored_failure():
    try:
        fail_result = fail("no")
        failure = ""
    except Exception as error:
        failure = str(error)
        fail_result = "nothing"
    show_or_done = show_or(fail_result)
    if failure:
        raise PipelineFailed(failure)
