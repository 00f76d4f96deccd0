"""Migrated from the compiled pipeline "with-workspace"."""

from pipec import native, pipeline, step


@step(image="python:3.11", cache=True)
def work(folder: str):
    print(folder)


# PC503: the server fills it in, wherever it stands
workspace_path = native("kfp", "dsl.WORKSPACE_PATH_PLACEHOLDER", imports=["from kfp import dsl"], outputs={"text": str})


@pipeline(
    name="with-workspace",
    targets={
        "kfp": {"workspace": {"size": "10Gi", "kubernetes": {"pvcSpecPatch": {"accessModes": ["ReadWriteMany"]}}}},
    },
)
def with_workspace():
    work_done = work(workspace_path())
