from typing import Optional

from kfp import dsl


@dsl.container_component
def concat(first: str, second: str, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(
        image="alpine",
        command=["sh", "-c", 'echo "$0" > "$1"', dsl.ConcatPlaceholder([first, "-", second]), out],
    )


@dsl.container_component
def optional(name: str, greeting: Optional[str] = None):
    return dsl.ContainerSpec(
        image="alpine",
        command=["echo"],
        args=[
            dsl.IfPresentPlaceholder(
                input_name="greeting",
                then=["--greeting", greeting, dsl.ConcatPlaceholder(["<", greeting, ">"])],
                else_=["--plain", name],
            ),
            dsl.ConcatPlaceholder(
                ["--both=", dsl.IfPresentPlaceholder(input_name="greeting", then=greeting, else_="none")]
            ),
        ],
    )


@dsl.pipeline(name="placeholders")
def placeholders(name: str = "you"):
    concat(first="a", second=name)
    optional(name=name)
    optional(name=name, greeting="hello")
