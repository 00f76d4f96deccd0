"""A sensor: what stands below waits until the file is there."""

from pathlib import Path

from pipec import pipeline, step, wait_for


@step
def write(folder: str, name: str) -> str:
    path = Path(folder) / name
    path.write_text("here")
    return str(path)


@step
def read(path: str) -> str:
    return Path(path).read_text()


@pipeline
def wait_for_file(folder: str, name: str = "flag") -> str:
    written = write(folder, "flag")
    wait_for(f"{folder}/{name}", every="1s", timeout="2s")
    return read(written)
