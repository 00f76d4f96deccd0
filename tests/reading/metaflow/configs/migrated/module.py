"""Configs: a file beside the flow, a dict, and a text, read in decorators, parameters and steps."""

import json

from pipec import Retry, pipeline, step

DEFAULTS = {"retries": 2, "memory": 2048, "names": ["a", "b"], "limits": {"low": 1, "high": 9}}

settings = {
    "project": "weather",
    "data": {"rows": 4, "prefix": "row-"},
    "train": {"name": "forest", "cpu": 2, "minutes": 30},
    "models": {"small": {"depth": 3}, "large": {"depth": 12}},
}
defaults = {"retries": 2, "memory": 2048, "names": ["a", "b"], "limits": {"low": 1, "high": 9}}
inline = {"scale": 3}
absent = None


@step(cpu=2, memory="2048MB", retries=Retry(2, delay="2m"))
def start(rows: int) -> tuple[list[str], object]:
    texts = [f"{settings['data']['prefix']}{name}" for name in defaults["names"]]
    scaled = rows * inline["scale"]
    return texts, scaled


@step(timeout="30m")
def fit(scaled) -> tuple[list[int], object, object]:
    low, high = defaults["limits"]["low"], defaults["limits"]["high"]
    print(f"limits of {settings['train']['name']}: {defaults['limits']}")
    kept = [n for n in range(scaled) if low <= n <= high]
    known = json.dumps(dict(settings["train"])) + str(absent)
    best = {which: settings["models"][which]["depth"] for which in ("small", "large")}
    return kept, known, best


@step
def end(kept: list[int], texts: list[str]):
    print(kept, texts, settings.get("project"))


@pipeline(targets={"metaflow": {"project": {"name": "weather"}}})
def configured(rows: int = 4):
    """Args:
    rows: How many.
    """
    texts, scaled = start(rows)
    kept, known, best = fit(scaled)
    end(kept, texts)
    return {"texts": texts, "scaled": scaled, "kept": kept, "known": known, "best": best}
