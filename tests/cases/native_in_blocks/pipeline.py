"""Components of one orchestrator in loops, branches and sub-pipelines, and texts of a run that go into them."""

from pathlib import Path
from typing import Annotated

from pipec import Argument, Model, container, native, pipeline, run, step

job = native("kfp", "dsl.PIPELINE_JOB_NAME_PLACEHOLDER", imports=["from kfp import dsl"], outputs={"name": str})

created = native(
    "kfp", "dsl.PIPELINE_JOB_CREATE_TIME_UTC_PLACEHOLDER", imports=["from kfp import dsl"], outputs={"time": str}
)

train = native(
    "kfp",
    """
    dsl.ContainerSpec(
        image="registry.example.com/train:1",
        command=["train"],
        args=["--n", n, "--job", job, "--fast", fast, "--model", model.path, "--tables", tables.path, "--score", score],
    )
    """,
    imports=["from kfp import dsl"],
    inputs={"n": int, "job": str, "fast": bool, "memory": str},
    outputs={"model": Model, "tables": Annotated[Path, "google.BQTable"], "score": float},
    memory=Argument("memory"),
)

artifact_at = native(
    "kfp",
    "dsl.importer(artifact_uri=uri, artifact_class=dsl.Model)",
    imports=["from kfp import dsl"],
    inputs={"uri": str},
    outputs={"artifact": Model},
)


def page(message: str) -> None:
    print(message)


publish = native(
    "kfp",
    """
    dsl.ContainerSpec(
        image="registry.example.com/publish:1",
        command=["publish", text],
        args=[dsl.IfPresentPlaceholder(input_name="channel", then=["--channel", channel])],
    )
    """,
    imports=["from kfp import dsl"],
    inputs={"text": str, "channel": str | None},
    on_failure=page,
    env={"LEVEL": "info"},
)

words = container(
    "registry.example.com/words:1", ["words", "{text}", "{out}"], inputs={"text": str}, outputs={"out": str}
)


@step
def count(n: int) -> int:
    return n


@step
def size(model: Path) -> int:
    return model.stat().st_size


@step
def report(sizes: list[int], scores: list[float], text: str) -> str:
    return f"{sizes} {scores} {text}"


@pipeline
def train_one(n: int) -> tuple[int, float]:
    model, _, score = train(n, job(), n > 2, "2Gi")
    return size(model), score


@pipeline
def native_in_blocks(n: int = 3, counts: list[int] = [1, 2]) -> str:
    sizes = []
    scores = []
    for m in counts:
        one, score = train_one(m)
        sizes.append(one)
        scores.append(score)
    total = count(n)
    model, _, score = train(total, f"a-{total}", True, "4Gi")
    publish(run.id)
    publish(created(), "main")
    publish(words(text=run.name))
    if n > 3:
        last = size(artifact_at("gs://bucket/model"))
    else:
        last = size(model)
    return report([*sizes, last], [*scores, score], created())
