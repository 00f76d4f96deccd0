from kfp import dsl


@dsl.component
def work(folder: str):
    print(folder)


@dsl.pipeline(
    name="with-settings",
    display_name="With settings",
    description="Has them all.",
    pipeline_root="gs://bucket/root",
    pipeline_config=dsl.PipelineConfig(
        ttl_seconds_after_finished=3600,
        active_deadline_seconds=7200,
    ),
)
def with_settings(job: str = "x"):
    work(folder=dsl.PIPELINE_JOB_NAME_PLACEHOLDER + "/" + dsl.PIPELINE_JOB_ID_PLACEHOLDER)
