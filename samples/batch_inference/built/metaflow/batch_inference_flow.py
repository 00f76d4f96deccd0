"""Score a large table in shards, and report what was found. How many shards there are is known only at run time."""

from __future__ import annotations

import contextlib
import hashlib
import io
import itertools
import os
import pickle
import tarfile
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metaflow import Flow, FlowSpec, Parameter, StepMutator, current, retry, step
from metaflow.metaflow_config import DEFAULT_DATASTORE

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.ensemble import RandomForestClassifier

LABEL = "benign"


def table() -> pd.DataFrame:
    """Scikit-learn's bundled breast cancer measurements, one row for each patient."""
    from sklearn.datasets import load_breast_cancer

    frame: pd.DataFrame = load_breast_cancer(as_frame=True).frame
    return frame.rename(columns={"target": LABEL})


def fetch_model(trees: int) -> RandomForestClassifier:
    """The current champion, fitted on the first half of the patients."""
    from sklearn.ensemble import RandomForestClassifier

    known = table().iloc[::2]
    return RandomForestClassifier(trees, random_state=7).fit(known.drop(columns=LABEL), known[LABEL])


def list_shards(size: int) -> list[tuple[int, int]]:
    """First and last row of each shard of the patients that are to be scored."""
    rows = len(table().iloc[1::2])
    return [(start, min(start + size, rows)) for start in range(0, rows, size)]


def score(model: RandomForestClassifier, shard: tuple[int, int]) -> pd.DataFrame:
    """Probability and decision for each patient of one shard."""
    import pandas as pd

    start, stop = shard
    rows = table().iloc[1::2].iloc[start:stop]
    probability = model.predict_proba(rows.drop(columns=LABEL))[:, 1]
    return pd.DataFrame({"patient": rows.index, LABEL: rows[LABEL], "probability": probability.round(6)})


def count_doubtful(scores: pd.DataFrame, low: float = 0.3, high: float = 0.7) -> int:
    """How many decisions of a shard a person should look at."""
    return int(scores["probability"].between(low, high).sum())


def aggregate(parts: list[pd.DataFrame]) -> dict[str, float]:
    """Totals over all shards."""
    import pandas as pd

    scores = pd.concat(parts)
    right = (scores["probability"] >= 0.5) == (scores[LABEL] == 1)
    return {"patients": len(scores), "accuracy": round(float(right.mean()), 6)}


def write_report(totals: dict[str, float], doubtful: list[int]) -> Path:
    """One page for the people who read the results."""
    rows = "".join(f"<tr><td>shard {i}</td><td>{n}</td></tr>" for i, n in enumerate(doubtful))
    facts = ", ".join(f"{escape(name)} {value:g}" for name, value in totals.items())
    page = Path("report.html")
    page.write_text(f"<h1>Batch scores</h1><p>{facts}</p><table>{rows}</table>", encoding="utf-8")
    return page


def publish(report: Path, doubtful: int) -> str:
    """Put the report where people find it; ask for a review where decisions are doubtful."""
    words = len(report.read_text(encoding="utf-8").split())
    return f"{report.name} ({words} words, {doubtful} to review)"


class FreshArtifacts:
    """Gives steps copies of artifacts: what a step changes in place is not stored again, and no other step sees it."""

    def __getattr__(self, name):
        value = super().__getattr__(name)
        self.__dict__.pop(name, None)  # Metaflow keeps what it has loaded, and stores it anew after the step
        return value


class on_kubernetes(StepMutator):
    """Adds `@kubernetes` where a remote datastore is configured, so that the flow also runs without a cluster."""

    def init(self, **kwargs):
        self.kwargs = kwargs

    def mutate(self, mutable_step):
        if DEFAULT_DATASTORE != "local":
            mutable_step.add_decorator("kubernetes", deco_kwargs=self.kwargs)


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


class BatchInferenceFlow(FreshArtifacts, FlowSpec):
    """Score all shards at once, at most four at a time, then aggregate and report."""

    shard_size = Parameter("shard_size", default=60)
    trees = Parameter("trees", default=20)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.fetch_model, self.list_shards)

    @on_kubernetes(memory=1073.741824, image="registry.example.com/ml/samples:1.0")
    @step
    def fetch_model(self):
        """The current champion, fitted on the first half of the patients."""
        if not reuse(
            self, ["model"], code="fetch_model 950419349504dd7f", inputs={"trees": self.trees}, ttl=timedelta(days=7)
        ):
            with empty_folder():
                self.model = fetch_model(self.trees)
        self.next(self.join_fetch_model_list_shards)

    @on_kubernetes(image="registry.example.com/ml/samples:1.0")
    @step
    def list_shards(self):
        """First and last row of each shard of the patients that are to be scored."""
        with empty_folder():
            self.items = plain(list_shards(self.shard_size))
        self.next(self.join_fetch_model_list_shards)

    @step
    def join_fetch_model_list_shards(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["items", "model"])
        self.next(self.list_shard)

    @step
    def list_shard(self):
        """List what `shard` goes through."""
        self.any_shard = bool(self.items)
        self.next({True: self.each_shard, False: self.no_shard}, condition="any_shard")

    @step
    def each_shard(self):
        """Start a task for each `shard`."""
        self.next(self.score, foreach="items")

    @retry(times=2, minutes_between_retries=1)
    @on_kubernetes(cpu=1, memory=1073.741824, image="registry.example.com/ml/samples:1.0")
    @step
    def score(self):
        """Probability and decision for each patient of one shard."""
        with empty_folder():
            self.scores = score(self.model, self.input)
        self.next(self.count_doubtful)

    @on_kubernetes(image="registry.example.com/ml/samples:1.0")
    @step
    def count_doubtful(self):
        """How many decisions of a shard a person should look at."""
        with empty_folder():
            self.doubtful_item = plain(count_doubtful(self.scores))
        self.next(self.gather_scores_by_shard)

    @step
    def gather_scores_by_shard(self, inputs):
        """Collect the results of each `shard`, in order."""
        self.scores_by_shard = [task.scores for task in inputs]
        self.doubtful_items = [task.doubtful_item for task in inputs]
        self.next(self.aggregate)

    @step
    def no_shard(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.scores_by_shard = []
        self.doubtful_items = []
        self.next(self.aggregate)

    @on_kubernetes(memory=1073.741824, image="registry.example.com/ml/samples:1.0")
    @step
    def aggregate(self):
        """Totals over all shards."""
        with empty_folder():
            self.totals = plain(aggregate(self.scores_by_shard))
        self.next(self.write_report)

    @on_kubernetes(image="registry.example.com/ml/samples:1.0")
    @step
    def write_report(self):
        """One page for the people who read the results."""
        with empty_folder():
            self.report = pack(write_report(self.totals, self.doubtful_items))
        self.next(self.publish)

    @on_kubernetes(image="registry.example.com/ml/samples:1.0")
    @step
    def publish(self):
        """Put the report where people find it; ask for a review where decisions are doubtful."""
        with empty_folder():
            self.page = plain(publish(unpack(self.report), sum(self.doubtful_items)))
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.result = {"page": self.page, "shards": len(self.scores_by_shard), **self.totals}


if __name__ == "__main__":
    BatchInferenceFlow()
