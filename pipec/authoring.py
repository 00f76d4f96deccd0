"""The authoring API: decorators and markers that leave plain Python as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, NoReturn, TypeVar, overload

if TYPE_CHECKING:
    from pathlib import Path

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")

Metrics = dict[str, float]
"""Return annotation of a step whose numbers are shown as metrics where the target can."""
ClassificationMetrics = dict[str, Any]
"""Return annotation of a step that gives what is shown of a classifier where the target can, in Kubeflow's words:

    {"confusionMatrix": {"annotationSpecs": [{"displayName": "cat"}, ...], "rows": [{"row": [5, 1]}, ...]},
     "confidenceMetrics": [{"confidenceThreshold": 0.5, "falsePositiveRate": 0.1, "recall": 0.8}, ...]}

Both keys may be left out, and others may be there. A result of another shape fails the step.
"""
ROLES = {"Dataset": "dataset", "Model": "model", "HTML": "html", "Markdown": "markdown"}
"""Return annotation of a step -> what lies at the path of a file or folder that it returns."""

if TYPE_CHECKING:
    Dataset = Annotated[Path, "dataset"]
    Model = Annotated[Path, "model"]
    HTML = Annotated[Path, "html"]
    Markdown = Annotated[Path, "markdown"]


def __getattr__(name: str) -> Any:
    """The annotations of `ROLES`, made when they are asked for: importing `pathlib` costs more than all else here."""
    if name not in ROLES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from pathlib import Path

    return Annotated[Path, ROLES[name]]


class PipelineFailed(Exception):
    """Raised in a pipeline body to fail the run."""


class GPU(NamedTuple):
    """Accelerators of a step, by portable name: `GPU("a100", count=2, memory="80Gi")`."""

    name: str | None = None
    count: int = 1  # type: ignore[assignment]  # a number of devices; nobody counts elements here
    memory: str | None = None


class Retry(NamedTuple):
    """Retries after a failed attempt: `Retry(3, delay="30s", backoff=2.0, max_delay="10m")` is up to four attempts."""

    limit: int
    delay: str | float | None = None
    backoff: float | None = None
    max_delay: str | float | None = None


class Cache(NamedTuple):
    """Reuse of a result for equal inputs and equal code: `Cache(ttl="7d", version="2", ignore=("verbose",))`."""

    ttl: str | float | None = None
    version: str = ""
    ignore: Sequence[str] = ()


class Deadline(NamedTuple):
    """A notice of a step that takes long, and goes on: `Deadline("2h", tell=page)` calls `page` with a message."""

    after: str | float
    tell: Callable[[str], object] | None = None


class Secret(NamedTuple):
    """A key of a secret of the cluster: `Secret("hf", key="token")`."""

    name: str
    key: str


class Argument(NamedTuple):
    """A setting that each call gives: `memory=Argument("memory")` is what the parameter `memory` of the step gets."""

    parameter: str


class Cron(NamedTuple):
    """A schedule of five cron fields: `Cron("0 2 * * *", timezone="Europe/Berlin")`."""

    expr: str
    timezone: str = "UTC"
    start: str | None = None
    end: str | None = None
    catchup: bool = False


class Every(NamedTuple):
    """A schedule with a fixed interval: `Every("15m")`."""

    interval: str


class OnUpdate(NamedTuple):
    """A run whenever the data at `uri` was updated."""

    uri: str | Sequence[str]


class After(NamedTuple):
    """A run after each successful run of another pipeline."""

    pipeline: str


@overload
def step(function: F, /) -> F: ...
@overload
def step(**settings: Any) -> Callable[[F], F]: ...
def step(function: F | None = None, /, **settings: Any) -> F | Callable[[F], F]:
    """Mark a function as a step, with settings. Returns the very same function."""
    return _same if function is None else function


@overload
def pipeline(function: F, /) -> F: ...
@overload
def pipeline(**settings: Any) -> Callable[[F], F]: ...
def pipeline(function: F | None = None, /, **settings: Any) -> F | Callable[[F], F]:
    """Mark a function as a pipeline, with settings. Returns the very same function."""
    return _same if function is None else function


def _same(function: F) -> F:
    return function


class _Together:
    """What `parallel()` gives as a context manager."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, *error: object) -> None:
        return None


@overload
def parallel(*, after: object = ()) -> _Together: ...
@overload
def parallel(items: Iterable[T], *, limit: int | None = None) -> Iterable[T]: ...
def parallel(
    items: Iterable[T] | None = None, *, limit: int | None = None, after: object = ()
) -> Iterable[T] | _Together:
    """`with parallel():` children do not wait for one another; `for x in parallel(xs, limit=4):` bounds a fan-out.

    `with parallel(after=(a, b)):` starts after the steps that gave `a` and `b`, whose results it does not need.
    """
    return _Together() if items is None else items


class _Run:
    """The run that is under way; plain Python is one run of one attempt."""

    attempt: int = 1
    """The attempt of the step, from 1."""
    pipeline: str = "local"
    """What the name of a run begins with; `pipec run` puts the pipeline's name here."""

    @property
    def id(self) -> str:
        """The orchestrator's own run id."""
        import os

        return f"local-{os.getpid()}"

    @property
    def name(self) -> str:
        """The orchestrator's own name of the run, which has the pipeline's in it."""
        import os

        return f"{self.pipeline}-{os.getpid()}"

    @property
    def date(self) -> str:
        """The logical date as "YYYY-MM-DD", UTC."""
        from datetime import datetime, timezone

        return datetime.now(timezone.utc).date().isoformat()


run = _Run()


def uri_of(path: str | Path) -> str:
    """The address of a file or folder that a step has given, in the store of the target, such as
    `s3://bucket/runs/1/model.pt`: for what reads it there itself, a query engine or a model server.

    In a pipeline body it is an argument of step calls, `load(uri_of(file))`, and nothing else. In plain Python it is
    the `file://` URI of the path.
    """
    from pathlib import Path

    return Path(path).absolute().as_uri()


def wait_for(uri: str, *, every: str | float = "5m", timeout: str | float | None = None) -> None:
    """Wait until `uri` exists. In plain Python `uri` is a local path or a `file://` URI.

    Raises `TimeoutError` after `timeout`, and `ValueError` for a URI that plain Python cannot look at.
    """
    import time
    from pathlib import Path

    path = uri.removeprefix("file://")
    if "://" in path:
        raise ValueError(f"plain Python can only wait for local files, not for {uri!r}")
    end = None if timeout is None else time.monotonic() + _seconds(timeout)
    while not Path(path).exists():
        if end is not None and time.monotonic() >= end:
            raise TimeoutError(f"{uri} is not there after {_seconds(timeout or '0s'):g} seconds")
        time.sleep(min(_seconds(every), 1.0))


def _seconds(duration: str | float) -> float:
    """Seconds of `"1h30m"`, or of a number of them."""
    if not isinstance(duration, str):
        return float(duration)
    import re

    units = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
    return sum(float(n) * units[unit] for n, unit in re.findall(r"(\d+(?:\.\d+)?)(ms|[smhdw])", duration))


class container:
    """A step that is a container instead of a function.

        train = container("registry/train:1", ["train"], ["--rows", "{rows}", "--out", "{model}"],
                          inputs={"rows": int}, outputs={"model": Model}, memory="4Gi")

    `inputs` and `outputs` map names to annotations: of values, or of files (`Path`, `Model`, ...). In the command and
    the arguments `{name}` is the text of a value, the local path of a file, or the path that an output is written to,
    and `{name.uri}` where an artifact lies, or is to be stored; `{{` is a brace. `settings` are those of `step`. It has
    no meaning in plain Python: calling it raises `TypeError`.
    """

    def __init__(
        self,
        image: str,
        command: Sequence[str] = (),
        args: Sequence[str] = (),
        *,
        inputs: Mapping[str, Any] | None = None,
        outputs: Mapping[str, Any] | None = None,
        **settings: Any,
    ) -> None:
        self.image = image

    def __call__(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError(f"a container step ({self.image}) runs only on an orchestrator")

    def __iter__(self) -> Iterator[NoReturn]:
        raise TypeError("a container step is no collection")


class native:
    """A step in the words of one target, where alone it can run: what migrated pipelines need.

        copy = native("airflow", "BashOperator(task_id='copy', bash_command='cp a b')",
                      imports=["from airflow.providers.standard.operators.bash import BashOperator"])

    `source` is one expression of the target's own language that makes the task; names in it are the inputs and outputs,
    the module's, or are bound by `imports`. `inputs` and `outputs` map names to annotations, as those of `container`;
    `settings` are those of `step`; each target says which of them it takes. Without `outputs` the result is what the
    target hands on. `otherwise` is a step with the same inputs and result that runs in its stead on all other targets,
    and in plain Python; without one, calling it raises `TypeError`.
    """

    def __init__(
        self,
        target: str,
        source: str,
        *,
        imports: Sequence[str] = (),
        inputs: Mapping[str, Any] | None = None,
        outputs: Mapping[str, Any] | None = None,
        otherwise: Callable[..., Any] | None = None,
        **settings: Any,
    ) -> None:
        self.target = target
        self.otherwise = otherwise

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.otherwise is not None:
            return self.otherwise(*args, **kwargs)
        raise TypeError(f"a native step of {self.target} runs only there")

    def __iter__(self) -> Iterator[NoReturn]:
        raise TypeError("a native step is no collection")
