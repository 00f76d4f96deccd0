"""Migrated from the compiled pipeline "final-status"."""

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
def flip(side: str) -> str:
    return side


@step(image="python:3.11", cache=True)
def report(status: dict, text: str):
    status = TaskFinalStatus(**status)
    print(status.state, status.error_message, text)


@pipeline(name="final-status")
def final_status(text: str = "bye"):
    try:
        flip_result = flip("x")
        failure = ""
    except Exception as error:
        failure = str(error)
    report_done = report(
        status={
            "state": "FAILED" if failure else "COMPLETE",
            "pipelineJobResourceName": run.name,
            "pipelineTaskName": "exit-handler-1",
            "error": {"message": failure} if failure else {},
        },
        text=text,
    )
    if failure:
        raise PipelineFailed(failure)
