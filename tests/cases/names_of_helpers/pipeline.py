"""Steps and helpers under names that generated code uses for its own variables and helpers."""

from pipec import pipeline, step

current = 8


def kfp_value(n):
    return n


def kfp_main(n):
    return n + 1


class KfpStored:
    size = 5


def to_xcom(n):
    return -n


def stored(n):
    return 2 * n


def empty_folder():
    return current


def plain(n):
    return n * 3


@step
def task(n: int) -> list:
    return [kfp_value(n), kfp_main(n), KfpStored.size, to_xcom(n), stored(n)]


@step
def result(n: int) -> list:
    return [empty_folder(), plain(n)]


@step
def plain_step(kfp_task: int) -> int:
    return kfp_task


@pipeline
def names_of_helpers(n: int = 3) -> list:
    kfp_value = n + 1
    kfp = {str(k): plain_step(k) for k in (kfp_value, n)}
    return [task(n), result(n), kfp_value, kfp]
