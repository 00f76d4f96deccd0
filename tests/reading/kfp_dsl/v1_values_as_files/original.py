import kfp
from kfp import dsl
from kfp.components import InputPath, OutputPath, create_component_from_func, func_to_container_op


def make(text: str, out_path: OutputPath(str)):
    with open(out_path, "w") as out:
        out.write(text)


def count(src_path: InputPath(str), table_path: OutputPath("CSV")) -> int:
    with open(src_path) as src, open(table_path, "w") as table:
        text = src.read()
        table.write(text * 2)
    return len(text)


def show(table_path: InputPath("CSV"), n_file: InputPath(int), rate_path: InputPath(float) = 0.5) -> str:
    return open(table_path).read() + open(n_file).read() + open(rate_path).read()


make_op = create_component_from_func(make, base_image="python:3.9")
count_op = create_component_from_func(count)
show_op = func_to_container_op(show)


@dsl.pipeline(name="values-as-files", description="Texts and numbers that functions get as files.")
def values(text: str = "x"):
    made = make_op(text)
    counted = count_op(made.output)
    again = count_op(src=made.outputs["out"])
    show_op(table=counted.outputs["table"], n=again.outputs["output"])


if __name__ == "__main__":
    kfp.compiler.Compiler().compile(values, __file__ + ".yaml")
