from pipec import pipeline, step


@step
def start() -> tuple[dict[str, int], list[int]]:
    config = {"scale": 2}
    xs = [1, 2]
    return config, xs


@step
def scale(item: int, config: dict[str, int]) -> tuple[str, object]:
    version = "v1"
    y = item * config["scale"]
    return version, y


@step
def join(all_y):
    ys = []
    for n, y in enumerate(all_y):
        ys.append((n, y))
    return ys


@step
def end(version, config: dict[str, int], ys, xs: list[int]):
    print(version, config, ys, xs)


@pipeline
def foreach_merge():
    """What is the same in all inputs comes through a merge."""
    config, xs = start()
    versions = []
    ys = []
    for item in xs:
        version, y = scale(item, config)
        versions.append(version)
        ys.append(y)
    ys = join(ys)
    end(versions[0], config, ys, xs)
    return {"config": config, "xs": xs, "version": versions[0], "ys": ys}
