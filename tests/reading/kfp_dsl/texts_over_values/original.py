from kfp import dsl

BUCKET = "bucket"
PREFIX = f"gs://{BUCKET}"


@dsl.component
def name() -> str:
    return "train"


@dsl.component
def write(path: str, settings: dict, parts: list) -> str:
    return path


@dsl.pipeline(name="texts")
def texts(user: str, day: int = 1):
    made = name()
    path = f"{PREFIX}/{user}/{made.output}-{day}.csv"
    first = write(
        path=path.replace(".csv", ".txt"),
        settings={"user": user, "deep": {"list": [made.output, 1, True, None or "x"]}},
        parts=["a", f"b-{user}", day],
    )
    write(path="/".join([PREFIX, "x"]) + "%s-%d" % ("y", 3), settings={}, parts=[])
    write(path="{}/{name}".format(PREFIX, name=first.output), settings={"a" * 3: 1 + 2 * 3}, parts=[len(PREFIX)])
