"""Components of one orchestrator between plain steps: what it does itself, and what knows it in an image."""

from pipec import Dataset, Model, native, parallel, pipeline, step

MODES = ["ReadWriteOnce"]

claim = native(
    "kfp",
    'kubernetes.CreatePVC(access_modes=MODES, size=size, pvc_name_suffix="-data", storage_class_name="standard")',
    imports=["from kfp import kubernetes"],
    inputs={"size": str},
    outputs={"name": str},
)

drop = native(
    "kfp", "kubernetes.DeletePVC(pvc_name=name)", imports=["from kfp import kubernetes"], inputs={"name": str}
)

known = native(
    "kfp",
    """
    dsl.importer(
        artifact_uri=uri,
        artifact_class=dsl.Dataset,
        reimport=True,
        metadata={"rows": 3, "labels": ["a", "b"]},
    )
    """,
    imports=["from kfp import dsl"],
    inputs={"uri": str},
    outputs={"artifact": Dataset},
)

workspace = native("kfp", "dsl.WORKSPACE_PATH_PLACEHOLDER", imports=["from kfp import dsl"], outputs={"path": str})

train = native(
    "kfp",
    """
    dsl.ContainerSpec(
        image="registry.example.com/train:1",
        command=["python3", "-m", "kfp.dsl.executor_main"],
        args=[
            "--executor_input",
            dsl.PIPELINE_TASK_EXECUTOR_INPUT_PLACEHOLDER,
            "--function_to_execute",
            "train",
            f"--note={table.metadata['rows']} in {folder}",
        ],
    )
    """,
    imports=["from kfp import dsl"],
    inputs={"table": Dataset, "tables": list[Dataset], "rates": list, "rounds": int, "folder": str, "note": str | None},
    outputs={"model": Model, "score": float, "rounds_done": int},
    memory="4Gi",
    retries=2,
)

publish = native(
    "kfp",
    """
    dsl.ContainerSpec(
        image="registry.example.com/publish:1",
        command=["publish"],
        args=[
            model.uri,
            dsl.ConcatPlaceholder(["--score=", score]),
            dsl.IfPresentPlaceholder("channel", ["--channel", channel], ["--quiet"]),
            "--to",
            place,
        ],
    )
    """,
    imports=["from kfp import dsl"],
    inputs={"model": Model, "score": float, "channel": str | None},
    outputs={"place": str},
    cache=True,
)


@step
def part(number: int) -> Dataset:
    with open("part.txt", "w") as file:
        file.write(str(number))
    return Dataset("part.txt")


@step(
    targets={
        "kfp": {
            "pvcMount": [
                {
                    "pvcNameParameter": {
                        "taskOutputParameter": {"producerTask": "claim", "outputParameterKey": "name"},
                    },
                    "mountPath": "/data",
                }
            ]
        }
    }
)
def note(number: int, folder: str) -> int:
    with open(f"{folder}/note.txt", "a") as file:
        file.write(f"{number}\n")
    return number


@step
def report(score: float, rounds: int, place: str) -> str:
    return f"{score:.2f} {rounds} {place}"


@pipeline(targets={"kfp": {"workspace": {"size": "1Gi"}}})
def native_components(size: str = "5Gi", uri: str = "gs://bucket/table.csv", rounds: int = 3) -> str:
    name = claim(size)
    folder = workspace()
    parts = [part(number) for number in [1, 2]]
    numbers = [note(number, folder) for number in [1, 2]]
    total = note(sum(numbers), f"{folder}/more")
    model, score, done = train(known(uri), parts, [0.5, 1.0], rounds, folder)
    with parallel(after=total):
        drop(name)
    if rounds > 2:
        place = publish(model, score)
    else:
        place = "nowhere"
    return report(score, done, place)
