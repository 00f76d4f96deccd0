"""Migrated from the compiled pipeline "with-settings"."""

from pipec import pipeline, run, step


@step(image="python:3.11", cache=True)
def work(folder: str):
    print(folder)


@pipeline(name="With settings", timeout="2h", targets={"kfp": {"defaultPipelineRoot": "gs://bucket/root"}})
def with_settings(job: str = "x"):
    """Has them all."""
    # PC507: the name that people gave to the run is that of its workflow
    work_done = work(f"{run.name}/{run.id}")
