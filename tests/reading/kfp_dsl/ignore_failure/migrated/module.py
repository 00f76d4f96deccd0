"""Migrated from the compiled pipeline "cleaning"."""

from pipec import PipelineFailed, pipeline, run, step


class TaskFinalStatus:
    """How the tasks before an exit task have ended."""

    def __init__(self, state: str, pipelineJobResourceName: str, pipelineTaskName: str, error: dict) -> None:
        self.state = state
        self.pipeline_job_resource_name = pipelineJobResourceName
        self.pipeline_task_name = pipelineTaskName
        self.error_code = error.get("code")
        self.error_message = error.get("message")


@step(image="python:3.11", cache=True)
def work(n: int) -> str:
    return str(n)


@step(image="python:3.11", cache=True)
def clean(text: str = "nothing"):
    print(text)


@step(image="python:3.11", cache=True)
def look(status: dict):
    status = TaskFinalStatus(**status)
    print(status.state)


@pipeline
def cleaning():
    try:
        try:
            first = work(1)
            failure = ""
        except Exception as error:
            failure = str(error)
            first = "nothing"
        clean_done = clean(first)
        if failure:
            raise PipelineFailed(failure)
        failure_2 = ""
    except Exception as error_2:
        failure_2 = str(error_2)
    look_done = look(
        {
            "state": "FAILED" if failure_2 else "COMPLETE",
            "pipelineJobResourceName": run.name,
            "pipelineTaskName": "clean",
            "error": {"message": failure_2} if failure_2 else {},
        },
    )
    if failure_2:
        raise PipelineFailed(failure_2)
