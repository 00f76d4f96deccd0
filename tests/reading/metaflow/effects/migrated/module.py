from pipec import parallel, pipeline, step


@step
def start() -> int:
    value = 5
    return value


@step
def announce():
    print("about to start")


@step
def left(value: int):
    print("left", value)


@step
def left_again():
    print("left again")


@step
def right(value: int):
    out = value + 1
    return out


@step
def other() -> int:
    unrelated = 7
    return unrelated


@step
def end():
    print("bye")


@pipeline
def effects():
    """Steps that only print keep their place."""
    value = start()
    announce()
    with parallel():
        left_done = left(value)
        with parallel(after=(left_done,)):
            left_again()
        out = right(value)
    unrelated = other()
    end()
    return {"out": out, "unrelated": unrelated}
