"""A function may import libraries; modules of the project are imported at the top level."""

from pipec import pipeline, step


@step
def work(n: int) -> int:
    import json

    import tools  # PC111
    from pipec import Metrics  # PC111

    return len(json.dumps([n, tools.NAME, str(Metrics)]))


@pipeline
def p(n: int = 3) -> int:
    return work(n)
