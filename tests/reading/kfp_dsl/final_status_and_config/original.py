from kfp import dsl


@dsl.component(
    task_config_passthroughs=[
        dsl.TaskConfigField.RESOURCES,
        dsl.TaskConfigPassthrough(field=dsl.TaskConfigField.ENV, apply_to_task=True),
    ]
)
def launch(image: str, config: dsl.TaskConfig):
    print(image, config.resources)


@dsl.pipeline(name="launching")
def launching():
    launch(image="train:1").set_cpu_limit("2").set_env_variable("A", "b")
