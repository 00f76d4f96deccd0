"""What no cluster takes is refused when it is built, on every target that would send it there."""

from pipec import Secret, container, pipeline, step


@step(labels={"team/": "ml"})  # PC407 PC407 PC407
def no_key(n: int) -> int:
    return n


@step(labels={"team": "machine learning"})  # PC407 PC407 PC407
def no_value(n: int) -> int:
    return n


@step(labels={"-team": "ml-"})  # PC407 PC407 PC407 PC407 PC407 PC407
def neither(n: int) -> int:
    return n


@step(annotations={"a note": "any text, of any length"})  # PC407 PC407 PC407
def no_note(n: int) -> int:
    return n


@step(node_selector={"Example.COM/disk": "ssd"})  # PC407 PC407 PC407
def no_domain(n: int) -> int:
    return n


@step(tolerations=[{"key": "gpu", "operator": "exists"}])  # PC407 PC407 PC407
def no_operator(n: int) -> int:
    return n


@step(tolerations=[{"key": "gpu", "operator": "Exists", "effect": "Never"}])  # PC407 PC407 PC407
def no_effect(n: int) -> int:
    return n


@step(tolerations=[{"name": "gpu", "operator": "Exists"}])  # PC407 PC407 PC407
def no_such_word(n: int) -> int:
    return n


@step(tolerations=[{"key": "spot", "effect": "NoSchedule", "tolerationSeconds": 60}])  # PC407 PC407 PC407
def for_ever(n: int) -> int:
    return n


@step(secrets={"token": Secret("hub_token", key="token")})  # PC407 PC407 PC407
def no_secret(n: int) -> int:
    return n


@step(secrets={"TOKEN": Secret("hub", key="TOKEN/1")})  # PC407 PC407 PC407
def no_secret_key(n: int) -> int:
    return n


@step(service_account="Trainer")  # PC401 PC407 PC407
def no_account(n: int) -> int:
    return n


@step(image="ghcr.io/Team/train:1")  # PC407 PC407 PC407
def no_path(n: int) -> int:
    return n


@step(image="train :1")  # PC407 PC407 PC407
def no_image(n: int) -> int:
    return n


no_container = container("train:", ["train", "{n}", "{out}"], inputs={"n": int}, outputs={"out": int})  # PC407 PC407


@pipeline
def p(n: int = 3) -> int:
    x = no_key(no_value(neither(no_note(no_domain(no_operator(no_effect(no_such_word(n))))))))
    return for_ever(no_secret(no_secret_key(no_path(no_image(x)))))


@pipeline
def q(n: int = 3) -> int:
    return no_container(n)  # PC401


@pipeline
def r(n: int = 3) -> int:
    return no_account(n)
