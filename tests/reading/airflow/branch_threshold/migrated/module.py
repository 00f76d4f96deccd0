"""Train, and deploy only what is good enough."""

from pipec import pipeline, step


@step
def evaluate() -> float:
    return 0.9


@step
def choose(accuracy) -> str:
    if accuracy > 0.8:
        return "deploy"
    return "notify"


@step
def deploy() -> str:
    return "deployed"


@step
def notify() -> str:
    return "not good enough"


@step
def end() -> None:
    """Nothing: other steps wait for it."""


@pipeline
def branch_threshold():
    evaluated = evaluate()
    choice = choose(accuracy=evaluated)
    if choice == "deploy":
        deploy()
    else:
        notify()
    end()
