from pipec import parallel, pipeline, step


@step
def start() -> int:
    n = 4
    return n


@step
def check(n: int) -> bool:
    even = n % 2 == 0
    return even


@step
def halve(n: int):
    n = n // 2
    return n


@step
def raise_it(n: int):
    n = 3 * n + 1
    return n


@step
def plain() -> str:
    note = "plain"
    return note


@step
def end(n, note: str):
    print(n, note)


@pipeline
def switch_in_branch():
    n = start()
    even = check(n)
    if even:
        n_2 = halve(n)
    else:
        n_2 = raise_it(n)
    with parallel(after=(n,)):
        note = plain()
    end(n_2, note)
    return {"n": n_2, "note": note}
