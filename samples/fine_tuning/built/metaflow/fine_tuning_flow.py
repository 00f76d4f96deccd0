"""Fine-tune a text classifier that tells which chapter of the Python reference a passage is from.

The corpus is the reference manual that ships with Python itself. The base model knows a little of every chapter; the
fine-tuned one is pushed only if it beats the base by a clear margin on passages that neither has seen.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import itertools
import json
import os
import pickle
import re
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metaflow import Flow, FlowSpec, Parameter, StepMutator, current, retry, step, timeout
from metaflow.metaflow_config import DEFAULT_DATASTORE

if TYPE_CHECKING:
    import numpy as np

CHAPTERS = ("data model", "expressions", "simple statements", "compound statements", "built-in types")
BUCKETS = 2048
_TOPICS = {
    "data model": ("objects", "types", "specialnames", "customization", "attribute-access", "callable-types"),
    "expressions": ("atom-identifiers", "binary", "bitwise", "booleans", "calls", "comparisons", "lambda", "slicings"),
    "simple statements": ("assert", "assignment", "augassign", "del", "import", "raise", "return", "global"),
    "compound statements": ("class", "for", "function", "if", "try", "while", "with", "compound"),
    "built-in types": ("typesseq", "typesmapping", "string-methods", "typesfunctions", "typesmethods", "truth"),
}


def chapter_of(topic: str) -> str | None:
    """The chapter that a topic of the manual belongs to, or `None`."""
    return next((chapter for chapter, topics in _TOPICS.items() if topic in topics), None)


def vector_of(words: list[str]) -> np.ndarray:
    """Unit vector of the words and word pairs, each hashed into one of the buckets."""
    import numpy as np

    vector = np.zeros(BUCKETS)
    for token in [*words, *(f"{a} {b}" for a, b in zip(words, words[1:]))]:
        vector[zlib.crc32(token.encode()) % BUCKETS] += 1.0
    return vector / max(float(np.linalg.norm(vector)), 1.0)


def descend(
    weights: np.ndarray, x: np.ndarray, y: np.ndarray, epochs: int, rate: float
) -> tuple[np.ndarray, list[float]]:
    """Gradient descent in small batches from `weights`; the new weights, and the loss after each epoch."""
    import numpy as np

    try:
        import cupy as device  # type: ignore[import-not-found,unused-ignore]
    except ImportError:  # no GPU here
        import numpy as device

    weights, x, y = device.array(weights), device.asarray(x), device.asarray(y)
    losses = []
    for _ in range(epochs):
        for start in range(0, len(y), 32):
            batch = slice(start, start + 32)
            error = _softmax(x[batch] @ weights)
            error[device.arange(len(error)), y[batch]] -= 1.0
            weights -= rate * (x[batch].T @ error) / len(error) * 4.0
        chosen = _softmax(x @ weights)[device.arange(len(y)), y]
        losses.append(round(float(-np.log(chosen).mean()), 6))
    return weights if device is np else device.asnumpy(weights), losses


def accuracy(weights: np.ndarray, x: np.ndarray, y: np.ndarray) -> float:
    """Share of the rows of `x` whose label is found."""
    return round(float(((x @ weights).argmax(axis=1) == y).mean()), 6)


def save_weights(weights: np.ndarray, folder: Path) -> Path:
    """Write a model folder."""
    import numpy as np

    folder.mkdir(exist_ok=True)
    np.save(folder / "weights.npy", weights)
    (folder / "labels.txt").write_text("\n".join(CHAPTERS), encoding="utf-8")
    return folder


def load_weights(folder: Path) -> np.ndarray:
    """Read the weights of a model folder."""
    import numpy as np

    weights: np.ndarray = np.load(folder / "weights.npy")
    return weights


def _softmax(logits: np.ndarray) -> np.ndarray:
    import numpy as np

    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    softmax: np.ndarray = shifted / shifted.sum(axis=1, keepdims=True)
    return softmax


WORD = re.compile(r"[a-z]{2,}")


def passages(text: str) -> list[str]:
    """Paragraphs of a manual page, without headings and code."""
    parts = (part.strip() for part in text.split("\n\n"))
    return [part for part in parts if part and not part.startswith((">>>", "*", "=", "-"))]


def tidy(passage: str) -> list[str]:
    """The lower-case words of `passage`."""
    return WORD.findall(passage.lower())


def ingest(limit: int) -> Path:
    """Cut the manual into passages, and keep those of a known chapter."""
    from pydoc_data.topics import topics

    lines = []
    for topic, text in sorted(topics.items()):
        chapter = chapter_of(topic)
        if chapter is not None:
            lines += [json.dumps({"text": passage, "chapter": chapter}) for passage in passages(text)[:limit]]
    file = Path("raw.jsonl")
    file.write_text("\n".join(lines), encoding="utf-8")
    return file


def clean(raw: Path, shortest: int = 8) -> Path:
    """Drop markup, short passages, and passages that occur twice."""
    seen: set[str] = set()
    kept = []
    for line in raw.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        words = tidy(row["text"])
        if len(words) >= shortest and (key := " ".join(words)) not in seen:
            seen.add(key)
            kept.append(json.dumps({"words": words, "chapter": row["chapter"]}))
    file = Path("clean.jsonl")
    file.write_text("\n".join(kept), encoding="utf-8")
    return file


def format_examples(data: Path, seed: int) -> tuple[Path, Path]:
    """Turn passages into vectors and labels, and set every fifth one aside for the evaluation."""
    import numpy as np

    rows = [json.loads(line) for line in data.read_text(encoding="utf-8").splitlines()]
    order = np.random.default_rng(seed).permutation(len(rows))
    x = np.stack([vector_of(rows[i]["words"]) for i in order])
    y = np.array([CHAPTERS.index(rows[i]["chapter"]) for i in order])
    held_out = np.arange(len(rows)) % 5 == 0
    np.savez_compressed("train.npz", x=x[~held_out], y=y[~held_out])
    np.savez_compressed("test.npz", x=x[held_out], y=y[held_out])
    return Path("train.npz"), Path("test.npz")


def pretrain(data: Path) -> Path:
    """Make the base model: one pass over a small part of the examples."""
    import numpy as np

    with np.load(data) as arrays:
        x, y = arrays["x"][::10], arrays["y"][::10]
    weights, _ = descend(np.zeros((x.shape[1], len(CHAPTERS))), x, y, epochs=1, rate=0.5)
    return save_weights(weights, Path("base"))


def train(base: Path, data: Path, epochs: int, rate: float) -> tuple[Path, list[float]]:
    """Go on from the base model; also return the loss after each epoch."""
    import numpy as np

    with np.load(data) as arrays:
        weights, losses = descend(load_weights(base), arrays["x"], arrays["y"], epochs, rate)
    print(f"loss {losses[0]:.3f} -> {losses[-1]:.3f} in {epochs} epochs")
    return save_weights(weights, Path("tuned")), losses


def evaluate(model: Path, data: Path) -> dict[str, float]:
    """Share of the held-out passages whose chapter the model finds, overall and by chapter."""
    import numpy as np

    with np.load(data) as arrays:
        x, y = arrays["x"], arrays["y"]
    weights = load_weights(model)
    by_chapter = {name: accuracy(weights, x[y == i], y[y == i]) for i, name in enumerate(CHAPTERS)}
    return {"accuracy": accuracy(weights, x, y), **by_chapter}


def write_card(before: dict[str, float], after: dict[str, float], losses: list[float]) -> Path:
    """The model card: what changed, chapter by chapter."""
    rows = [f"| {name} | {before[name]:.1%} | {after[name]:.1%} |" for name in after]
    card = Path("card.md")
    card.write_text(
        "\n".join(["| | base | fine-tuned |", "| --- | --- | --- |", *rows, "", f"Final loss: {losses[-1]:.4f}"]),
        encoding="utf-8",
    )
    return card


def push(model: Path, card: Path, name: str) -> str:
    """Publish the model together with its card, and return the reference."""
    size = sum(file.stat().st_size for file in model.iterdir())
    title = card.read_text(encoding="utf-8").splitlines()[0]
    print(f"pushed {name}: {size} bytes, card {title!r}")
    return f"models/{name}"


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


class FineTuningFlow(FreshArtifacts, FlowSpec):
    """Fine-tune the base model, and push the result if it is better by at least `margin`."""

    limit = Parameter("limit", default=40)
    epochs = Parameter("epochs", default=30)
    rate = Parameter("rate", default=1.0)
    margin = Parameter("margin", default=0.05)

    @step
    def start(self):
        """Start the flow."""
        self.next(self.ingest)

    @retry(times=3, minutes_between_retries=1)
    @on_kubernetes(image="registry.example.com/ml/samples:1.0")
    @step
    def ingest(self):
        """Cut the manual into passages, and keep those of a known chapter."""
        if not reuse(
            self, ["raw"], code="ingest d3a9b159168b4c8e", inputs={"limit": self.limit}, ttl=timedelta(days=30)
        ):
            with empty_folder():
                self.raw = pack(ingest(self.limit))
        self.next(self.clean)

    @on_kubernetes(image="registry.example.com/ml/samples:1.0")
    @step
    def clean(self):
        """Drop markup, short passages, and passages that occur twice."""
        with empty_folder():
            self.data = pack(clean(unpack(self.raw)))
        self.next(self.format_examples)

    @on_kubernetes(memory=1073.741824, image="registry.example.com/ml/samples:1.0")
    @step
    def format_examples(self):
        """Turn passages into vectors and labels, and set every fifth one aside for the evaluation."""
        with empty_folder():
            train_set, test_set = format_examples(unpack(self.data), 7)
            self.train_set = pack(train_set)
            self.test_set = pack(test_set)
        self.next(self.pretrain)

    @on_kubernetes(memory=1073.741824, image="registry.example.com/ml/samples:1.0")
    @step
    def pretrain(self):
        """Make the base model: one pass over a small part of the examples."""
        with empty_folder():
            self.base = pack(pretrain(unpack(self.train_set)))
        self.next(self.train, self.evaluate)

    @retry(times=2)
    @timeout(hours=2)
    @on_kubernetes(
        memory=17179.869184,
        gpu=1,
        image="registry.example.com/ml/samples:1.0",
        node_selector={"nvidia.com/gpu.product": "NVIDIA-A100-SXM4-40GB"},
        tolerations=[{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}],
    )
    @step
    def train(self):
        """Go on from the base model; also return the loss after each epoch."""
        with empty_folder():
            tuned, losses = train(unpack(self.base), unpack(self.train_set), self.epochs, rate=self.rate)
            self.tuned = pack(tuned)
            self.losses = plain(losses)
        self.next(self.evaluate_2)

    @on_kubernetes(memory=1073.741824, image="registry.example.com/ml/samples:1.0")
    @step
    def evaluate_2(self):
        """Share of the held-out passages whose chapter the model finds, overall and by chapter."""
        with empty_folder():
            self.after = plain(evaluate(unpack(self.tuned), unpack(self.test_set)))
        self.next(self.join_evaluate_2_evaluate)

    @on_kubernetes(memory=1073.741824, image="registry.example.com/ml/samples:1.0")
    @step
    def evaluate(self):
        """Share of the held-out passages whose chapter the model finds, overall and by chapter."""
        with empty_folder():
            self.before = plain(evaluate(unpack(self.base), unpack(self.test_set)))
        self.next(self.join_evaluate_2_evaluate)

    @step
    def join_evaluate_2_evaluate(self, inputs):
        """Wait for the parallel branches."""
        self.merge_artifacts(inputs, include=["after", "before", "losses", "tuned"])
        self.gain = self.after["accuracy"] - self.before["accuracy"]
        self.next(self.check_gain)

    @step
    def check_gain(self):
        """Choose a branch."""
        self.if_gain = self.gain < self.margin
        self.next({True: self.only_gain, False: self.write_card}, condition="if_gain")

    @step
    def only_gain(self):
        """Set what the branches have in common."""
        self.result = {"pushed": None, "gain": round(self.gain, 4)}
        self.next(self.end)

    @on_kubernetes(image="registry.example.com/ml/samples:1.0")
    @step
    def write_card(self):
        """The model card: what changed, chapter by chapter."""
        with empty_folder():
            self.card = pack(write_card(self.before, self.after, self.losses))
        self.next(self.push)

    @retry(times=3)
    @on_kubernetes(image="registry.example.com/ml/samples:1.0")
    @step
    def push(self):
        """Publish the model together with its card, and return the reference."""
        with empty_folder():
            self.reference = plain(push(unpack(self.tuned), unpack(self.card), f"chapters-{self.epochs}"))
        self.next(self.set_result)

    @step
    def set_result(self):
        """Set what the branches have in common."""
        self.result = {"pushed": self.reference, "gain": round(self.gain, 4)}
        self.next(self.end)

    @step
    def end(self):
        """Finish; the result is `result`."""


if __name__ == "__main__":
    FineTuningFlow()
