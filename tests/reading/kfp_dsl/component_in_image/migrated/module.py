"""Migrated from the compiled pipeline "in-an-image"."""

from pipec import native, pipeline

# PC503: its function is inside of the image, and not in the file
train = native(
    "kfp",
    """
    dsl.ContainerSpec(
        image="registry.example.com/train:3",
        command=["python3", "-m", "kfp.dsl.executor_main"],
        args=["--executor_input", "{{$}}", "--function_to_execute", "train"],
    )
    """,
    imports=["from kfp import dsl"],
    inputs={"n": int},
    outputs={"Output": int},
    cache=True,
)


@pipeline(name="in-an-image")
def in_an_image(n: int = 1):
    train_result = train(n)
