"""Names that become the name of one file would overwrite each other's output, on whichever target that is."""

from pipec import pipeline, step


@step
def work(n: int) -> int:
    return n


@pipeline(name="train/a")
def first(n: int = 3) -> int:
    return work(n)


@pipeline(name="train a")
def second(n: int = 3) -> int:  # PC214 PC214 PC214
    return work(n)


@pipeline(name="größe")
def third(n: int = 3) -> int:
    return work(n)


@pipeline(name="grosse")
def fourth(n: int = 3) -> int:  # PC214
    return work(n)


@pipeline(name="Nightly")
def fifth(n: int = 3) -> int:
    return work(n)


@pipeline(name="nightly")  # many file systems take names that differ in case alone for one
def sixth(n: int = 3) -> int:  # PC214 PC214 PC214
    return work(n)
