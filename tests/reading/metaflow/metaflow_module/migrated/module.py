from pipec import pipeline, step

STAR_LIMIT = 3


@step(memory="6GB")
def other(copy: int) -> tuple[object, object]:
    LIMIT = STAR_LIMIT + 1
    small = copy < LIMIT
    limit = LIMIT
    return small, limit


@step
def end(small):
    print(small)


@pipeline
def star(size: int = 4):
    """Names of Metaflow in several ways."""
    small, limit = other(size)
    end(small)
    return {"copy": size, "small": small, "limit": limit}
