from kfp import compiler, dsl


@dsl.component
def load(n: int) -> int:
    return n


@dsl.component
def score(n: int) -> float:
    return n / 2


@dsl.pipeline(name="loading")
def loading(n: int = 1):
    load(n=n)


@dsl.pipeline(name="scoring")
def scoring(n: int = 1):
    score(n=load(n=n).output)


if __name__ == "__main__":
    for pipeline in (loading, scoring):
        compiler.Compiler().compile(pipeline, pipeline.name + ".yaml")
