"""All steps in virtual environments of their own: failures, arrays, folders, variables and retries arrive all the same."""

from __future__ import annotations

import contextlib
import hashlib
import io
import itertools
import os
import pickle
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metaflow import Flow, FlowSpec, Parameter, catch, current, environment, retry, step, user_step_decorator

if TYPE_CHECKING:
    import numpy as np


@dataclass
class Limits:
    low: int
    high: int


def lengths(n: int) -> np.ndarray:
    import numpy as np

    return np.arange(n) * len(os.environ["UNIT"])


def limits(array: np.ndarray) -> Limits:
    return Limits(int(array.min()), int(array.max()))


def parts(array: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return array[:1], array[-1:]


def span(found: Limits) -> int:
    return found.high


def risky(found: Limits) -> int:
    if found.high == 3:
        sys.exit(3)
    if found.high > 1:
        raise ValueError(f"{found.high} is too much")
    return found.high


def told(message: str) -> str:
    return f"failed: {message}"


def folder(array: np.ndarray) -> Path:
    made = Path("made")
    (made / "inner").mkdir(parents=True)
    (made / "inner" / "rows.txt").write_text(str(len(array)))
    return made


def rows(made: Path) -> str:
    return (made / "inner" / "rows.txt").read_text()


@user_step_decorator
def failure_message(step_name, flow, inputs, attributes):
    """Beside `@catch`: keeps the message of a failure as an artifact, and `None` for what the step has not made."""
    message = None
    try:
        yield
    except Exception as error:
        message = str(error)
        for name in attributes.get("outputs", ()):
            setattr(flow, name, None)
        raise
    finally:
        setattr(flow, attributes["artifact"], message)


@contextlib.contextmanager
def empty_folder() -> Iterator[None]:
    """Run in an empty working folder, without standard input; a function that exits the process has failed."""
    before = os.getcwd()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, open(os.devnull) as nothing:
        os.dup2(nothing.fileno(), 0)  # local runs leave it open: a function that reads it would wait for ever
        os.chdir(tempfile.mkdtemp(dir=folder))
        try:
            yield
        except SystemExit as error:
            raise RuntimeError(f"step {current.step_name!r} called sys.exit({error.code!r})") from error
        finally:
            os.chdir(before)


def reuse(flow: FlowSpec, artifacts: list[str], code: str, inputs: dict, ttl: timedelta | None = None) -> bool:
    """Take the artifacts over from an earlier task of this step with the same code and inputs, if there is one."""
    flow.cache_key = hashlib.sha256(pickle.dumps((code, inputs), protocol=4)).hexdigest()
    flow.reused_from = None
    for run in itertools.islice(Flow(current.flow_name), 20):
        if run.id == current.run_id or current.step_name not in run:
            continue
        for task in run[current.step_name]:
            if not task.successful or "cache_key" not in task or task["cache_key"].data != flow.cache_key:
                continue
            if ttl is None or datetime.now() - task.finished_at < ttl:
                for name in artifacts:
                    setattr(flow, name, task[name].data)
                flow.reused_from = task.pathspec
                return True
    return False


def plain(value: Any) -> Any:
    """The result of a step as plain Python data: scalars of NumPy, enums and named tuples become what they hold."""
    for kind in (bool, str, int, float, bytes):
        if isinstance(value, kind):
            return kind.__str__(value) if kind is str else kind(value)
    if value is None:
        return None
    for kind in (list, tuple, set, frozenset):
        if isinstance(value, kind):
            return kind(plain(item) for item in value)
    if isinstance(value, dict):
        return {plain(key): plain(item) for key, item in value.items()}
    if any(kind.__module__ == "numpy" and kind.__name__ == "generic" for kind in type(value).__mro__):
        item = value.item()
        if type(item) is not type(value):
            return plain(item)
    name = f"{type(value).__module__}.{type(value).__qualname__}".removeprefix("builtins.")
    raise TypeError(
        f"step {current.step_name!r} returned a {name}, which cannot travel as a value; "
        f"annotate its result as an object artifact, such as `-> {type(value).__qualname__}` or `-> object`"
    )


def pack(path: Any) -> Any:
    """A file or folder as an artifact: its name, and its bytes or those of a tar archive."""
    if path is None:
        return None
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"step {current.step_name!r} returned a {type(path).__name__}; its annotation says a path")
    source = Path(path).resolve()
    if not source.exists():
        raise FileNotFoundError(f"step {current.step_name!r} returned {str(path)!r}, and there is no such file")
    if source.is_file():
        return {"name": source.name, "folder": False, "content": source.read_bytes()}
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.add(source, arcname=source.name)
    return {"name": source.name, "folder": True, "content": buffer.getvalue()}


def unpack(packed: Any) -> Any:
    """A private copy of a packed file or folder, beside the working folder."""
    if packed is None:
        return None
    target = Path(tempfile.mkdtemp(dir=Path.cwd().parent), packed["name"])
    if packed["folder"]:
        with tarfile.open(fileobj=io.BytesIO(packed["content"])) as archive:
            archive.extractall(target.parent, filter="data")
    else:
        target.write_bytes(packed["content"])
    return target


class SettingsIsolationAllFlow(FlowSpec):
    """settings_isolation_all"""

    n = Parameter("n", default=2)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.lengths)

    @environment(vars={"UNIT": "m"})
    @step
    def lengths(self):
        """Run `lengths`."""
        if not reuse(self, ["array"], code="lengths b7a551c0a8e9af44 1", inputs={"n": self.n}):
            with empty_folder():
                self.array = lengths(self.n)
        self.next(self.parts, self.limits)

    @step
    def parts(self):
        """Run `parts`."""
        with empty_folder():
            self.first, self.last = parts(self.array)
        self.next(self.folder, self.limits_2)

    @step
    def folder(self):
        """Run `folder`."""
        with empty_folder():
            self.made = pack(folder(self.first))
        self.next(self.rows)

    @step
    def rows(self):
        """Run `rows`."""
        with empty_folder():
            self.rows_result = plain(rows(unpack(self.made)))
        self.next(self.join_rows_span)

    @step
    def limits_2(self):
        """Run `limits`."""
        with empty_folder():
            self.found_5 = limits(self.last)
        self.next(self.span)

    @step
    def span(self):
        """Run `span`."""
        with empty_folder():
            self.span_result = plain(span(self.found_5))
        self.next(self.join_rows_span)

    @step
    def join_rows_span(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["rows_result", "span_result"])
        self.next(self.join)

    @catch
    @failure_message(artifact="limits_error", outputs=["found"])
    @step
    def limits(self):
        """Run `limits`."""
        with empty_folder():
            self.found = limits(self.array)
        self.next(self.after_limits)

    @step
    def after_limits(self):
        """Go on if `limits` went well."""
        self.limits_went_well = self.limits_error is None
        self.next({True: self.risky, False: self.limits_failed}, condition="limits_went_well")

    @catch
    @failure_message(artifact="error_2", outputs=["found_2"])
    @retry(times=1)
    @step
    def risky(self):
        """Run `risky`."""
        with empty_folder():
            self.found_2 = plain(risky(self.found))
        self.next(self.after)

    @step
    def limits_failed(self):
        """Set what the branches have in common."""
        self.found_2 = None
        self.error_2 = self.limits_error
        self.next(self.after)

    @step
    def after(self):
        """Go on from whichever branch ran."""
        self.try_went_well = self.error_2 is None
        self.next({True: self.after_try, False: self.told}, condition="try_went_well")

    @step
    def after_try(self):
        """Set what the branches have in common."""
        self.found_4 = self.found_2
        self.next(self.after_2)

    @step
    def told(self):
        """Run `told`."""
        with empty_folder():
            self.found_4 = plain(told(self.error_2))
        self.next(self.after_2)

    @step
    def after_2(self):
        """Go on from whichever branch ran."""
        self.next(self.join)

    @step
    def join(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["found_4", "rows_result", "span_result"])
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = {"found": self.found_4, "rows": self.rows_result, "high": self.span_result}


if __name__ == "__main__":
    SettingsIsolationAllFlow()
