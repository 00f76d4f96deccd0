from pipec import parallel, pipeline, step


@step
def start() -> str:
    shared = "same"
    skipped = "not wanted"
    return shared


@step
def left() -> tuple[int, str]:
    from_left = 1
    clash = "left"
    return from_left, clash


@step
def right() -> tuple[int, str]:
    from_right = 2
    clash = "right"
    return from_right, clash


@step
def join(from_left: int, from_right: int, clash_list):
    clash = max(clash for clash in clash_list)
    total = from_left + from_right
    return total


@step
def again(total):
    again_value = total * 10
    return again_value


@step
def other(total):
    other_value = total * 100
    return other_value


@step
def end(shared: str, again_value, other_value):
    print(shared, again_value, other_value)


@pipeline
def merge():
    shared = start()
    with parallel(after=(shared,)):
        from_left, left_clash = left()
    with parallel(after=(shared,)):
        from_right, right_clash = right()
    total = join(from_left, from_right, [left_clash, right_clash])
    again_value = again(total)
    other_value = other(total)
    end(shared, again_value, other_value)
    return {"shared": shared, "again_value": again_value, "other_value": other_value}
