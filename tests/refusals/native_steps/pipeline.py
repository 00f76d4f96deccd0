"""Native steps that cannot be read, and calls that do not fit them."""

from pathlib import Path

import pandas as pd

from pipec import native, pipeline, step

PORTS = {"rows": int}


@step
def target() -> str:
    return "airflow"


@step
def path() -> Path:
    return Path("a")


nameless = native("airflow", "BashOperator(task_id='a', bash_command='b')")  # PC218
broken = native("airflow", "BashOperator(task_id='a'")  # PC218
unknown = native(target(), "str()")  # PC218
listed = native("airflow", "str()", imports=["x = 1"])  # PC218
empty = native("airflow")  # PC218
more = native("airflow", "str()", [])  # PC218
odd = native("airflow", "str()", colour="red")  # PC209
packed = native("kfp", "str()", packages=["numpy"])  # PC209
elsewhere = native("kfp", "str(rows)", inputs=PORTS)  # PC218
unbound = native("kfp", "str(rows)", inputs={"row": int})  # PC218
twice = native("kfp", "str(a)", inputs={"a": int}, outputs={"a": int})  # PC218
frame = native("kfp", "str(a)", inputs={"a": pd.DataFrame})  # PC218
other = native("kfp", "str(a)", inputs={"a": int}, otherwise=path)  # PC218
none = native("kfp", "str()", otherwise=len)  # PC218
native_too = native("kfp", "str()", otherwise=empty)  # PC218
values = native("kfp", "str()", outputs={"a": int}, otherwise=path)  # PC218
taking = native("airflow", "str()")
table = native("kfp", "str(a, b)", inputs={"a": Path, "b": list[Path]}, outputs={"c": Path, "d": int})


@pipeline
def native_steps() -> None:
    nameless()
    broken()
    unknown()
    listed()
    empty()
    more()
    odd()
    packed()
    elsewhere()
    unbound(1)
    twice(1)
    frame(1)
    other(1)
    none()
    native_too()
    values()
    taking(3)  # PC203
    table(1, 2)  # PC203 PC203
    table(path(), [path() for _ in range(2)])
