from pipec import pipeline, step


@step
def start(n: int) -> tuple[object, object, object]:
    warning = None
    best = 0
    for i in range(n):
        if i > best:
            best = i
    if n > 100:
        warning = "many"
    try:
        ratio = 1 / (n - 3)
    except ZeroDivisionError:
        ratio = None
    return best, warning, ratio


@step
def update(n: int, best) -> tuple[object, bool]:
    if n > 2:
        best = best * 10
    with open("note.txt", "w") as note:
        note.write("x")
        written = True
    return best, written


@step
def end(best):
    final = None
    if best > 1000:
        return final
    final = best + 1
    return final


@pipeline
def conditional(n: int = 3):
    best, warning, ratio = start(n)
    best, written = update(n, best)
    final = end(best)
    return {"best": best, "warning": warning, "ratio": ratio, "written": written, "final": final}
