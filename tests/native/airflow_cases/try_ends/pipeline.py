"""`finally` in an arm, in a group, behind a handler that fails, and one that fails itself; `try` as the last statement."""

from pathlib import Path

from pipec import PipelineFailed, parallel, pipeline, step


@step
def work(n: int, bad: int) -> int:
    if n == bad:
        raise ValueError(f"work {n}")
    return n


@step
def close(folder: str, name: str, bad: str) -> None:
    Path(folder, name).touch()
    if name == bad:
        raise OSError(f"{name} cannot be closed")


@pipeline
def guarded(folder: str, n: int, bad: int, broken: str) -> int:
    try:
        found = work(n, bad)
    finally:
        close(folder, f"guarded-{n}", broken)
    return found


@pipeline
def try_ends(folder: str, bad: int = 0, broken: str = "") -> int:
    total = 1
    if bad < 9:
        try:
            total = guarded(folder, 1, bad, broken)
        except Exception:
            total = guarded(folder, 2, 7, broken)
        finally:
            close(folder, "arm", broken)
    try:
        with parallel():
            left = work(3, bad)
            right = work(4, bad)
        total = left + right + total
    except Exception as e:
        if bad == 4:
            raise PipelineFailed(f"not {e}")
    try:
        work(5, bad)
    except Exception:
        pass
    return total
