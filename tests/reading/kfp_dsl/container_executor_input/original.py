from kfp import dsl


@dsl.container_component
def launch(out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(
        image="registry.example.com/launcher:1",
        command=["launch"],
        args=["--input", dsl.PIPELINE_TASK_EXECUTOR_INPUT_PLACEHOLDER, f"--out={out}"],
    )


@dsl.pipeline(name="launcher")
def launcher():
    launch()
