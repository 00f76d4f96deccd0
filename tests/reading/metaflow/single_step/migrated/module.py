from pipec import pipeline, step


@step
def everything(n: int):
    doubled = n * 2
    return doubled


@pipeline
def single(n: int = 2):
    doubled = everything(n)
    return {"doubled": doubled}
