"""Settings that calls of a container give, and a secret that may be missing."""

from pipec import Argument, container, pipeline, step

train = container(
    "alpine:3", ["echo", "{rows}", "{memory}"], inputs={"rows": int, "memory": str}, memory=Argument("memory")
)


@step(
    targets={
        "kfp": {
            "secretAsEnv": [
                {"secretName": "team", "optional": True, "keyToEnv": [{"secretKey": "user", "envVar": "NAME"}]}
            ]
        }
    }
)
def half(n: int) -> int:
    return n // 2


@pipeline
def settings_argument_container(rows: int = 3):
    train(half(rows), "2Gi")
    train(rows, "4Gi")
