from kfp import dsl

REGIONS = ["eu", "us"]
MODELS = {"small": 1, "large": 3}
DEBUG = False
VERSIONS = tuple(f"v{n}" for n in range(1, 3))


@dsl.component
def load(region: str) -> str:
    return region


@dsl.component
def fit(data: str, depth: int, version: str = "v0") -> float:
    return 0.5


@dsl.component
def pick(scores: list):
    print(max(scores))


@dsl.component
def debug():
    print("debug")


def fits(data, models, *, first="v1"):
    """Several fits on one region."""
    made = {}
    for name, depth in models.items():
        if name == "tiny":
            continue
        made[name] = fit(data=data, depth=depth, version=first).set_display_name(f"Fit {name}")
    return made


@dsl.pipeline(name="compile-time")
def compile_time():
    loaded = {region: load(region=region) for region in REGIONS}
    scores = []
    for number, (region, task) in enumerate(sorted(loaded.items())):
        first, *_ = VERSIONS
        for fitted in fits(task.output, MODELS, first=VERSIONS[number]).values():
            scores.append(fitted.output)
    if DEBUG:
        debug()
    elif not scores:
        raise ValueError("nothing to compare")
    assert len(scores) == 4, "four fits"
    pick(scores=scores)
    previous = None
    for number in range(3):
        task = load(region=str(number) if number % 2 else REGIONS[0].upper())
        if previous is not None:
            task.after(previous)
        previous = task
    [load(region=r) for r in REGIONS if r != "us"]
    count = 0
    while count < 2:
        count += 1
        load(region="r" * count)
