from kfp import dsl


@dsl.component
def work(folder: str):
    print(folder)


@dsl.pipeline(
    name="with-workspace",
    pipeline_config=dsl.PipelineConfig(
        workspace=dsl.WorkspaceConfig(
            size="10Gi",
            kubernetes=dsl.KubernetesWorkspaceConfig(pvcSpecPatch={"accessModes": ["ReadWriteMany"]}),
        ),
    ),
)
def with_workspace():
    work(folder=dsl.WORKSPACE_PATH_PLACEHOLDER)
