from typing import NamedTuple

import kfp
from kfp import dsl
from kfp.components import InputPath, OutputPath, create_component_from_func, func_to_container_op
from kubernetes.client import V1EnvVar


def add(a: float, b: float = 1) -> float:
    # both are numbers
    return a + b


add_op = func_to_container_op(add, base_image="python:3.8")


@create_component_from_func
def split(text_path: InputPath("CSV"), parts, head_path: OutputPath(str)):
    with open(text_path) as text, open(head_path, "w") as head:
        head.write(text.readline() * int(parts))


def write(rows: "Integer", table_path: OutputPath("CSV")) -> NamedTuple("Out", [("lines", int), ("word", "GCSPath")]):
    with open(table_path, "w") as table:
        table.write("1,2\n" * rows)
    return (rows, "x")


write_op = create_component_from_func(write, packages_to_install=["pandas"])


@dsl.pipeline(name="First version", description="Written for version 1 of the SDK.")
def old(a="1", b: float = 7, rows=3):
    total = add_op(a, 4)
    total.set_memory_limit("1G").set_cpu_limit("1")
    total.apply(lambda op: op)
    total.container.set_image_pull_policy("Always")
    total.add_env_variable(V1EnvVar(name="MODE", value="fast"))
    add_op(total.output, b=b).add_pod_label("team", "ml")
    written = write_op(rows="5")
    split(text=written.outputs["table"], parts="3")
    write_op(rows=rows).after(written)


if __name__ == "__main__":
    kfp.compiler.Compiler().compile(old, __file__ + ".yaml")
