"""Steps that are to share a task, and cannot: what keeps them from it is pointed at."""

from pathlib import Path

from pipec import Argument, Cache, Retry, Secret, parallel, pipeline, step, uri_of


def tell(message: str) -> None:
    print(message)


@step(fuse="between")
def first(n: int) -> list[int]:
    return [n]


@step
def other(numbers: list[int]) -> list[int]:
    return numbers


@step(fuse="between")
def last(a: list[int], b: list[int]) -> int:
    return len(a) + len(b)


@step(fuse="image", image="python:3.12")
def built(n: int) -> int:
    return n


@step(fuse="image", image="python:3.13")  # PC219
def rebuilt(n: int) -> int:
    return n


@step(fuse="env", env={"MODE": "fast"}, gpu="a100")  # PC219 PC219
def fast(n: int) -> int:
    return n


@step(fuse="env", cpu_limit=1)  # PC219
def slow(n: int) -> int:
    return n


@step(fuse="secrets")
def open_(n: int) -> int:
    return n


@step(fuse="secrets", secrets={"TOKEN": Secret("hub", key="token")}, node_selector={"a": "b"})  # PC219 PC219
def hidden(n: int) -> int:
    return n


@step(fuse="retries", retries=2)
def repeated(n: int) -> int:
    return n


@step(fuse="retries", retries=Retry(2, delay="5s"), timeout="1h")  # PC219 PC219
def once(n: int) -> int:
    return n


@step(fuse="cache", cache=True)
def kept(n: int) -> int:
    return n


@step(fuse="cache", cache="7d", on_failure=tell)  # PC219 PC219
def kept_shortly(n: int) -> int:
    return n


@step(fuse="ignored", cache=Cache(ignore=("n",)))  # PC219
def ignoring(n: int) -> int:
    return n


@step(fuse="ignored", cache=Cache(ignore=("n",)))  # PC219
def ignoring_too(n: int) -> int:
    return n


@step(fuse="about", deadline="1h", updates="s3://bucket/table/")  # PC219 PC219 PC401
def updating(n: int) -> int:
    return n


@step(fuse="about", updates="s3://bucket/table/")  # PC401
def updated(n: int) -> int:
    return n


@step(fuse="effect", retries=1)
def source(n: int) -> int:
    return n


@step(fuse="effect", retries=1)
def appended(n: int) -> None:
    print(n)


@step(fuse="effect", retries=1)
def after(n: int) -> int:
    return n


@step(fuse="files")
def written(n: int) -> Path:
    path = Path("numbers.txt")
    path.write_text(str(n))
    return path


@step(fuse="files")
def copied(path: Path) -> Path:
    return path


@step(fuse="open")
def gathered(*numbers: int) -> int:
    return sum(numbers)


@step(fuse="open")
def more(n: int) -> int:
    return n


@step(fuse="address")
def stored(n: int) -> Path:
    return Path(f"{n}.txt")


@step(fuse="address")
def looked_up(uri: str) -> str:
    return uri

@step(fuse="sizes", memory=Argument("memory"))
def measured(n: int, memory: str) -> int:
    return n + len(memory)


@step(fuse="sizes")
def counted(n: int) -> int:
    return n


@pipeline
def cannot_fuse(n: int = 3) -> list[object]:
    a = first(n)
    b = other(a)  # PC219
    c = last(a, b)
    settings = [rebuilt(built(n)), slow(fast(n)), hidden(open_(n)), once(repeated(n)), kept_shortly(kept(n))]
    d, e = ignoring_too(ignoring(n)), updated(updating(n))
    with parallel():
        f = more(gathered(n, n))  # PC219
    g = source(n)
    appended(g)  # PC219
    h = after(g)
    i = measured(n, f"{n}Gi")  # PC219 PC401 PC401
    path = written(n)  # PC219
    found = looked_up(uri_of(stored(n)))  # PC219 PC401
    return [c, *settings, d, e, f, h, counted(i), path, copied(path), found]
