class TaskFinalStatus:
    """How the tasks before an exit task have ended."""

    def __init__(self, state: str, pipelineJobResourceName: str, pipelineTaskName: str, error: dict) -> None:
        self.state = state
        self.pipeline_job_resource_name = pipelineJobResourceName
        self.pipeline_task_name = pipelineTaskName
        self.error_code = error.get("code")
        self.error_message = error.get("message")
