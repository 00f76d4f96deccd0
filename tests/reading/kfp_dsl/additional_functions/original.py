from kfp import dsl


def double(n: int) -> int:
    return n * 2


def quadruple(n: int) -> int:
    # uses the other helper
    return double(double(n))


@dsl.component(additional_funcs=[double, quadruple])
def compute(n: int) -> int:
    return quadruple(n)


@dsl.pipeline(name="helpers")
def helpers(n: int = 2):
    compute(n=n)
