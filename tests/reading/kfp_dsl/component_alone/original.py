from kfp import compiler, dsl
from kfp.dsl import Dataset, Output


@dsl.component
def table(rows: int, data: Output[Dataset], name: str = "squares") -> str:
    """Write a table.

    Args:
        rows: How many lines it has.
    """
    with open(data.path, "w") as file:
        file.writelines(f"{n},{n * n}\n" for n in range(rows))
    return name


if __name__ == "__main__":
    compiler.Compiler().compile(table, "table.yaml")
