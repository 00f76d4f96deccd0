"""Measure `pipec build --target kfp` against `kfp dsl compile` of the same pipeline, and how building grows with size.

Every figure is the wall time of a whole process; the commands of one comparison take turns, and the fastest of each
counts, so that the ratios hold on a busy machine too.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

BIN = Path(sys.executable).parent
BEGIN, END = "<!-- begin: measured -->", "<!-- end: measured -->"


def pipec_source(steps: int) -> str:
    """A chain of `steps` steps, each with retries, CPU and memory, in plain Python."""
    functions = "\n\n".join(
        f'@step(retries=2, cpu=1, memory="512Mi")\ndef s{i}(x: int) -> int:\n    y = x + {i}\n    return y\n'
        for i in range(steps)
    )
    calls = "\n".join(f"    x{i + 1} = s{i}(x{i})" for i in range(steps))
    return (
        "from pipec import pipeline, step\n\n\n"
        f"{functions}\n\n@pipeline\ndef chain(x0: int = 1) -> int:\n{calls}\n    return x{steps}\n"
    )


def kfp_source(steps: int) -> str:
    """The same chain in the KFP DSL."""
    functions = "\n\n".join(
        f'@dsl.component(base_image="python:3.12-slim", install_kfp_package=False)\n'
        f"def s{i}(x: int) -> int:\n    y = x + {i}\n    return y\n"
        for i in range(steps)
    )
    calls = "\n".join(
        f"    t{i} = s{i}(x={'x0' if i == 0 else f't{i - 1}.output'})\n"
        f'    t{i}.set_retry(2).set_cpu_request("1").set_memory_request("512Mi")'
        for i in range(steps)
    )
    return (
        "from kfp import dsl\n\n\n"
        f"{functions}\n\n@dsl.pipeline\ndef chain(x0: int = 1) -> int:\n{calls}\n    return t{steps - 1}.output\n"
    )


@dataclass(frozen=True)
class Command:
    """One way to compile a chain."""

    source: Callable[[int], str]
    arguments: Callable[[Path, Path], list[str]]
    """Source file and output folder -> command line."""

    def seconds(self, steps: int, folder: Path) -> float:
        """Wall time of one process."""
        file = folder / f"chain_{steps}_{self.source.__name__}.py"
        file.write_text(self.source(steps), encoding="utf-8")
        started = time.perf_counter()
        done = subprocess.run(self.arguments(file, folder), capture_output=True, text=True, cwd=folder)
        seconds = time.perf_counter() - started
        if done.returncode != 0:
            raise SystemExit(f"{done.args} failed:\n{done.stdout}{done.stderr}")
        return seconds


PIPEC = Command(
    pipec_source,
    lambda file, folder: [str(BIN / "pipec"), "build", str(file), "--target", "kfp", "--out", str(folder / "out")],
)
KFP = Command(
    kfp_source,
    lambda file, folder: [str(BIN / "kfp"), "dsl", "compile", "--py", str(file), "--output", str(folder / "kfp.yaml")],
)


def fastest(runs: list[tuple[Command, int]], repeats: int, folder: Path) -> list[float]:
    """The fastest time of each command, taken in turns."""
    times = [[command.seconds(steps, folder) for command, steps in runs] for _ in range(repeats)]
    return [min(column) for column in zip(*times)]


def measure(repeats: int) -> tuple[str, bool]:
    """The tables, as Markdown, and whether every figure is within its bound; a line on standard error for each."""
    fine = True
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = [
            "| steps | `pipec build --target kfp` | `kfp dsl compile` | ratio | at most |",
            "| ---: | ---: | ---: | ---: | ---: |",
        ]
        for steps, bound in ((10, 0.6), (500, 0.1)):
            ours, theirs = fastest([(PIPEC, steps), (KFP, steps)], repeats if steps < 100 else 2, folder)
            rows.append(f"| {steps:,} | {ours:.2f} s | {theirs:.2f} s | {ours / theirs:.2f} | {bound} |")
            fine = fine and ours / theirs <= bound
            print(rows[-1], file=sys.stderr)
        small, large = fastest([(PIPEC, 1000), (PIPEC, 4000)], 2, folder)
        rows += ["", "| steps | `pipec build --target kfp` | growth | at most |", "| ---: | ---: | ---: | ---: |"]
        rows.append(f"| 1,000 | {small:.2f} s | | |")
        rows.append(f"| 4,000 | {large:.2f} s | {large / small:.1f} | 4.6 |")
        print(rows[-1], file=sys.stderr)
    return "\n".join(rows), fine and large / small <= 4.6


def main() -> int:
    """Print the figures, or put them between the markers of a file. Exit status 1 if one is out of bounds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--write", type=Path, metavar="FILE", help="Markdown file with markers for the figures")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    tables, fine = measure(options.repeats)
    if options.write is None:
        print(tables)
        return 0 if fine else 1
    text = options.write.read_text(encoding="utf-8")
    head, tail = text.split(BEGIN)[0], text.split(END)[1]
    options.write.write_text(f"{head}{BEGIN}\n{tables}\n{END}{tail}", encoding="utf-8")
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
