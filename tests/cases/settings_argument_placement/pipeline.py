"""Where a step runs, and with which secrets, as only the run knows it: its parameters, and what a step gives."""

from pipec import Argument, Secret, pipeline, step


@step(
    secrets={"TOKEN": Secret(Argument("secret"), key="token"), "KEY": Secret("fixed", key="key")},
    node_selector=Argument("selector"),
    tolerations=Argument("tolerations"),
    targets={
        "kfp": {
            "secretAsEnv": [
                {
                    "secretName": Argument("secret"),
                    "optional": True,
                    "keyToEnv": [{"secretKey": "user", "envVar": "NAME"}],
                }
            ],
            "configMapAsVolume": [{"configMapName": Argument("limits"), "mountPath": "/limits"}],
        }
    },
)
def train(rows: int, secret: str, selector: dict, tolerations: list[dict], limits: str = "standard") -> str:
    return f"{rows} rows with {secret} on {sorted(selector)}, {len(tolerations)} tolerations, {limits} limits"


def secret_of(rows: int) -> str:
    return f"team-{rows}"


@pipeline
def settings_argument_placement(
    rows: int = 3, secret: str = "registry", selector: dict = {"disk": "ssd"}, tolerations: list[dict] = []
) -> list[str]:
    one = train(rows, secret, selector, tolerations)
    if rows > 2:
        other = train(rows, secret_of(rows), {"disk": "hdd"}, tolerations, secret)
    else:
        other = "none"
    return [one, other]
