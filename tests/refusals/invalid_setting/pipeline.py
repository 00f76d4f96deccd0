"""Values that a setting cannot have."""

from pipec import GPU, Cache, Cron, Deadline, OnUpdate, Retry, Secret, pipeline, step, wait_for


@step(memory="4 gigs")  # PC210
def a(n: int) -> int:
    return n


@step(retries=-1)  # PC210
def b(n: int) -> int:
    return n


@step(timeout="soon")  # PC210
def c(n: int) -> int:
    return n


@step(retries=Retry(2, delay="x"))  # PC210
def d(n: int) -> int:
    return n


@step(targets={"airflwo": {"pool": "gpu"}})  # PC210
def e(n: int) -> int:
    return n


@step(deadline=Deadline("x"))  # PC210
def g(n: int) -> int:
    return n


@step(fuse="no name")  # PC210
def f(n: int) -> int:
    return n


@step(gpu="")  # PC210
def no_device(n: int) -> int:
    return n


@step(gpu="a100:")  # PC210
def no_number(n: int) -> int:
    return n


@step(gpu=GPU(""))  # PC210
def no_name(n: int) -> int:
    return n


@step(gpu=GPU("a100", memory=""))  # PC210
def no_memory(n: int) -> int:
    return n


@step(cache=Cache(ignore=["verbos"]))  # PC210
def misspelt(n: int, verbose: bool = False) -> int:
    return n


@step(cache=Cache(ignore=["rest"]))  # PC210
def packed(*rest: int) -> int:
    return len(rest)


@step(cache=Cache(ignore=["rest"]))
def named(**options: int) -> int:
    return len(options)


@step(env={"TOKEN": "none", "MODE": "fast"}, secrets={"TOKEN": Secret("hub", key="token")})  # PC210
def twice(n: int) -> int:
    return n


@step(secrets={"no-name": Secret("hub", key="token")})  # PC210
def no_variable(n: int) -> int:
    return n


@step(packages=[""])  # PC210
def no_package(n: int) -> int:
    return n


@step(priority="")  # PC210
def no_priority(n: int) -> int:
    return n


@step(memory="1Gi")
@step(cpu=2)  # PC210
def marked_twice(n: int) -> int:
    return n


@step(retries=Retry(2, limit=3))  # PC110
def given_twice(n: int) -> int:
    return n


@step
def wait() -> int:
    return 0


@pipeline(schedule=OnUpdate([]))  # PC210
def nothing_updated(n: int = 3) -> int:
    return a(n)


@pipeline(schedule=OnUpdate([""]))  # PC210
def nowhere_updated(n: int = 3) -> int:
    return a(n)


@pipeline(schedule=Cron("0 2 * * *", catchup="no"))  # PC210
def perhaps_caught_up(n: int = 3) -> int:
    return a(n)


@pipeline
@step(memory="1Gi")  # PC210
def both(n: int = 3) -> int:
    return a(n)


@pipeline
def p(n: int = 3) -> int:
    wait_for("file:///tmp/x", every=0)  # PC210
    wait_for("file:///tmp/x", timeout="0s")  # PC210
    wait_for("file:///tmp/x", every="often")  # PC210
    x = marked_twice(no_priority(no_package(no_variable(twice(no_device(no_number(no_name(no_memory(n)))))))))
    y = misspelt(packed(named(rest=given_twice(x))))
    return g(f(e(d(c(b(a(y)))))))
