"""Migrated from the compiled pipeline "launcher"."""

from pipec import native, pipeline

# PC503: its command line has the placeholder `{{$}}`
launch = native(
    "kfp",
    """
    dsl.ContainerSpec(
        image="registry.example.com/launcher:1", command=["launch"], args=["--input", "{{$}}", f"--out={out}"]
    )
    """,
    imports=["from kfp import dsl"],
    outputs={"out": str},
    cache=True,
)


@pipeline
def launcher():
    out = launch()
