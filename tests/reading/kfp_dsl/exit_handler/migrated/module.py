"""Migrated from the compiled pipeline "with-exit"."""

from pipec import PipelineFailed, parallel, pipeline, run, step


class TaskFinalStatus:
    """How the tasks before an exit task have ended."""

    def __init__(self, state: str, pipelineJobResourceName: str, pipelineTaskName: str, error: dict) -> None:
        self.state = state
        self.pipeline_job_resource_name = pipelineJobResourceName
        self.pipeline_task_name = pipelineTaskName
        self.error_code = error.get("code")
        self.error_message = error.get("message")


@step(image="python:3.11", cache=True)
def work(n: int) -> int:
    return n


@step(image="python:3.11", cache=True)
def notify(channel: str, status: dict):
    status = TaskFinalStatus(**status)
    print(channel, status.state)


@step(image="python:3.11", cache=True)
def fail(n: int):
    raise ValueError(n)


@pipeline(name="with-exit")
def with_exit(channel: str = "ops", n: int = 1):
    with parallel():
        try:
            work_3 = work(2)
            failure = ""
        except Exception as error:
            failure = str(error)
        notify_2 = notify(
            channel="dev",
            status={
                "state": "FAILED" if failure else "COMPLETE",
                "pipelineJobResourceName": run.name,
                "pipelineTaskName": "exit-handler-2",
                "error": {"message": failure} if failure else {},
            },
        )
        if failure:
            raise PipelineFailed(failure)
        with parallel(after=notify_2):
            work_4 = work(3)
        ready = work(n)
        try:
            # Shown as 'watch'.
            done = work(ready)
            fail_done = fail(done)
            failure_2 = ""
        except Exception as error_2:
            failure_2 = str(error_2)
        told = notify(
            channel=channel,
            status={
                "state": "FAILED" if failure_2 else "COMPLETE",
                "pipelineJobResourceName": run.name,
                "pipelineTaskName": "exit-handler-1",
                "error": {"message": failure_2} if failure_2 else {},
            },
        )
        if failure_2:
            raise PipelineFailed(failure_2)
