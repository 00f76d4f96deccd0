"""Settings by argument that cannot be: parameters that are not there, artifacts, and settings that no call can give."""

import os
from pathlib import Path

from pipec import Argument, native, pipeline, step

MOST = "8Gi"


@step(memory=Argument("memmory"))  # PC210
def misspelt(memory: str = "1Gi") -> int:
    return len(memory)


@step(retries=Argument("often"))  # PC210
def repeated(often: int = 3) -> int:
    return often


@step(cache=Argument("kept"), image=Argument("kept"))  # PC210 PC210
def kept(kept: str = "7d") -> int:
    return len(kept)


@step(env={"MODE": Argument("modes")})  # PC210
def collected(*modes: str) -> int:
    return len(modes)


@step(memory=Argument("memory"), gpu=Argument("gpus"))
def sized(memory: str = MOST, gpus: int = 0) -> int:
    return len(memory)


@step(memory=Argument("memory"))
def by_environment(memory: str = os.environ.get("MEMORY", "1Gi")) -> int:
    return len(memory)


@step
def written() -> Path:
    Path("size").write_text("1Gi")
    return Path("size")


@step(memory=Argument("size"))
def from_file(size: Path) -> int:
    return len(size.read_text())


@step(memory=Argument("memory"))
def plainly(memory: str) -> str:
    return memory


elsewhere = native(
    "kfp",
    "dsl.ContainerSpec(image='work:1', command=['work', memory, out])",
    imports=["from kfp import dsl"],
    inputs={"memory": str},
    outputs={"out": str},
    otherwise=plainly,  # PC218
)


@pipeline(timeout=Argument("limit"))  # PC210
def setting_arguments(limit: str = "2h") -> int:
    a = misspelt() + repeated() + kept() + collected("fast")
    b = sized("two gigabytes")  # PC210
    c = sized("2Gi", gpus=True)  # PC210
    d = sized() + sized("2Gi", 1)
    e = by_environment()  # PC210
    f = from_file(written())  # PC210
    g = len(elsewhere(limit))
    return a + b + c + d + e + f + g
