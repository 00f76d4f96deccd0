"""Migrated from the compiled pipeline "texts"."""

from pipec import pipeline, step


@step(image="python:3.11", cache=True)
def name() -> str:
    return "train"


@step(image="python:3.11", cache=True)
def write(path: str, settings: dict, parts: list) -> str:
    return path


@pipeline
def texts(user: str, day: int = 1):
    made = name()
    first = write(
        path=f"gs://bucket/{user}/{made}-{day}.txt",
        settings={"user": user, "deep": {"list": [made, 1, True, "x"]}},
        parts=["a", f"b-{user}", f"{day}"],
    )
    write_3 = write(path=f"gs://bucket/{first}", settings={"aaa": 7}, parts=[11])
    write_2 = write(path="gs://bucket/xy-3", settings={}, parts=[])
