"""Fine-tune a text classifier that tells which chapter of the Python reference a passage is from.

The corpus is the reference manual that ships with Python itself. The base model knows a little of every chapter; the
fine-tuned one is pushed only if it beats the base by a clear margin on passages that neither has seen.
"""

from __future__ import annotations

import base64
import contextlib
import functools
import hashlib
import inspect
import json
import logging
import os
import re
import tempfile
import time
import zlib
from collections.abc import Callable, Generator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from airflow.configuration import AIRFLOW_HOME, conf
from airflow.sdk import DAG, ObjectStoragePath, Param, get_current_context, task

if TYPE_CHECKING:
    import numpy as np

ARTIFACTS = ObjectStoragePath(os.environ.get("ARTIFACT_ROOT", f"file://{AIRFLOW_HOME}/artifacts"))


def to_xcom(value: Any) -> Any:
    """Give `value` in a form that XCom keeps exactly: as it is, or under a tag where JSON or a database would change it."""
    if type(value).__module__ == "numpy" and type(value.item() if value.ndim == 0 else value) is not type(value):
        value = value.item()
    if value is None or isinstance(value, (bool, ObjectStoragePath)):
        return value
    if isinstance(value, int):  # the worker protocol ends at 64 bits
        return int(value) if abs(value) < 2**63 else {"$int": hex(value)}
    if isinstance(value, float):  # PostgreSQL's JSONB makes 1e+16 an integer, and -0.0 a zero
        text = float.__repr__(value)
        return {"$float": text} if text in ("nan", "inf", "-inf", "-0.0") or "e+" in text else float(value)
    if isinstance(value, str):  # JSONB takes neither NUL nor surrogates
        data = str.encode(value, errors="surrogatepass")
        lossy = b"\0" in data or data.decode(errors="replace") != value
        return {"$text": base64.b64encode(data).decode()} if lossy else str.__str__(value)
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode()}
    if isinstance(value, list):
        return [to_xcom(item) for item in value]
    if isinstance(value, tuple):
        return {"$tuple": [to_xcom(item) for item in value]}
    if isinstance(value, (set, frozenset)):
        tag = "$set" if isinstance(value, set) else "$frozenset"
        return {tag: sorted((to_xcom(item) for item in value), key=repr)}
    if isinstance(value, dict):
        pairs = [[to_xcom(key), to_xcom(item)] for key, item in value.items()]
        if all(isinstance(key, str) and not key.startswith(("$", "__")) for key, _ in pairs):
            order = [key for key, _ in pairs]
            if order == sorted(order, key=lambda key: (len(key.encode()), key.encode())):  # JSONB's own order
                return dict(pairs)
        return {"$dict": pairs}
    raise TypeError(f"a {type(value).__qualname__} is no plain value")


def from_xcom(value: Any) -> Any:
    """Give back what `to_xcom` was given."""
    if isinstance(value, str) or not isinstance(value, (dict, Sequence)):
        return value
    if not isinstance(value, dict):  # the results of a mapped task are a lazy sequence
        return [from_xcom(item) for item in value]
    tag = next(iter(value), "")
    if len(value) != 1 or not tag.startswith("$"):
        return {key: from_xcom(item) for key, item in value.items()}
    content = value[tag]
    match tag:
        case "$none":
            return None
        case "$int":
            return int(content, 16)
        case "$float":
            return float(content)
        case "$text":
            return base64.b64decode(content).decode(errors="surrogatepass")
        case "$bytes":
            return base64.b64decode(content)
        case "$dict":
            return {from_xcom(key): from_xcom(item) for key, item in content}
    return {"$tuple": tuple, "$set": set, "$frozenset": frozenset}[tag](map(from_xcom, content))


def stored(function: Callable[..., Any] | None = None, **options: Any) -> Any:
    """Let a task take and give exact values by XCom, and artifacts by their paths in the artifact store.

    The options say what of its result is an artifact. Every attempt runs in an empty folder of its own.
    """
    if function is None:
        return functools.partial(stored, **options)

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        read = fetch
        with empty_folder():
            try:
                value = function(*map(read, args), **{key: read(given) for key, given in kwargs.items()})
            except SystemExit as error:  # Airflow would take exit(0) for a success
                raise RuntimeError(f"the step ended its process with status {error.code}") from error
            if "outputs" in options:
                parts = {key: (select(value, where), form) for key, (where, form) in options["outputs"].items()}
                return {key: sent(part, form, key) for key, (part, form) in parts.items()}
            return sent(value, options.get("result", "value"), "result")

    return run


@contextlib.contextmanager
def empty_folder() -> Generator[None]:
    """Work in an empty folder, and leave nothing of it behind."""
    before = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        work = os.path.join(folder, "work")
        os.mkdir(work)
        os.chdir(work)
        try:
            yield
        finally:
            os.chdir(before)


def sent(value: Any, form: Any, key: str) -> Any:
    """Give the XCom of one result."""
    ti = get_current_context()["ti"]
    try:
        packed = to_xcom(put(value, form, key, ti))
    except TypeError as error:
        raise TypeError(
            f"a result of {ti.task_id} cannot travel as a value: {error}; annotate it with its own type to store it"
        ) from error
    if packed is None and ti.map_index >= 0:  # without an XCom a mapped task would lose its place in the list
        return {"$none": True}
    # SQLite takes a column that holds nothing but 3.0 for an integer
    return {"$float": repr(packed)} if isinstance(packed, float) and packed.is_integer() else packed


def select(value: Any, where: int | str | None) -> Any:
    """Give the whole of a result, the element at an index, or an attribute."""
    if where is None:
        return value
    return value[where] if isinstance(where, int) else getattr(value, where)


def put(value: Any, form: Any, key: str, ti: Any) -> Any:
    """Store the artifacts in `value`, and give their paths in the same collections."""
    if value is None or form == "value":
        return value
    folder = ARTIFACTS / ti.dag_id / ti.run_id / ti.task_id / str(ti.map_index) / str(ti.try_number)
    folder.mkdir(parents=True, exist_ok=True)
    return put_file(Path(value), folder / key)


def fetch(value: Any) -> Any:
    """Take a value or artifact, or a collection of them, from XCom."""
    return read_artifacts(from_xcom(value))


def read_artifacts(value: Any) -> Any:
    """Replace the paths in `value`, at any depth, by what they stand for."""
    if isinstance(value, ObjectStoragePath):
        return read_file(value)
    if isinstance(value, (list, tuple)):
        return type(value)(read_artifacts(item) for item in value)
    if isinstance(value, dict):
        return {key: read_artifacts(item) for key, item in value.items()}
    return value


def put_file(source: Path, folder: ObjectStoragePath) -> ObjectStoragePath:
    """Store a file or folder under its own name."""
    if not source.exists():
        raise FileNotFoundError(f"the step returned {str(source)!r}, which is not there")
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / source.resolve().name
    target.fs.put(str(source.resolve()), target.path, recursive=source.is_dir())
    return target


def read_file(path: ObjectStoragePath) -> Path:
    """Copy a file or folder out of the store, beside the working folder."""
    target = Path(tempfile.mkdtemp(dir=Path.cwd().parent)) / path.name
    path.fs.get(path.path, str(target), recursive=path.is_dir())
    return target


def cached(version: str, *, ttl: timedelta | None = None, ignore: tuple[str, ...] = ()) -> Callable[..., Any]:
    """Reuse the result of an earlier run that had equal inputs and the same `version` of the code."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def run(*args: Any, **kwargs: Any) -> Any:
            given = inspect.signature(function).bind(*args, **kwargs).arguments
            inputs = {name: fingerprint(value) for name, value in given.items() if name not in ignore}
            digest = hashlib.sha256(json.dumps([version, inputs], sort_keys=True).encode()).hexdigest()
            folder = ARTIFACTS / "cache" / function.__name__
            entry = folder / f"{digest}.json"
            if entry.exists():
                found = json.loads(entry.read_text())
                if (ttl is None or time.time() - found["time"] < ttl.total_seconds()) and complete(found["result"]):
                    logging.getLogger("airflow.task.cache").warning("reusing %s", entry)
                    return restored(found["result"])
            result = function(*args, **kwargs)
            folder.mkdir(parents=True, exist_ok=True)
            draft = folder / f"{digest}.{uuid4().hex}"  # another run may write the same entry
            draft.write_text(json.dumps({"time": time.time(), "result": recorded(result)}))
            draft.rename(entry)
            return result

        return run

    return decorate


def fingerprint(value: Any) -> Any:
    """Describe an input by its content."""
    if isinstance(value, ObjectStoragePath):
        files = [path for path in sorted(value.rglob("*"), key=str) if path.is_file()] if value.is_dir() else [value]
        parts = [(str(path)[len(str(value)) :], hashlib.sha256(path.read_bytes()).hexdigest()) for path in files]
        return [value.name, parts]
    if isinstance(value, dict):
        return {key: fingerprint(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [fingerprint(item) for item in value]
    return value


def recorded(value: Any) -> Any:
    """Write paths as text."""
    if isinstance(value, ObjectStoragePath):
        return {"$path": str(value)}
    if isinstance(value, dict):
        return {key: recorded(item) for key, item in value.items()}
    return [recorded(item) for item in value] if isinstance(value, list) else value


def restored(value: Any) -> Any:
    """Give back what `recorded` was given."""
    if isinstance(value, dict):
        return ObjectStoragePath(value["$path"]) if "$path" in value else {k: restored(v) for k, v in value.items()}
    return [restored(item) for item in value] if isinstance(value, list) else value


def complete(value: Any) -> bool:
    """Whether all artifacts of an entry are still there."""
    if isinstance(value, dict) and "$path" in value:
        return bool(ObjectStoragePath(value["$path"]).exists())
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return all(complete(item) for item in items)


def pod(**wanted: Any) -> dict[str, Any]:
    """Pod override of a task. The KubernetesExecutor alone reads it, so that no other pays for the import."""
    if "KubernetesExecutor" not in conf.get("core", "executor"):
        return {}
    from kubernetes.client import models as k8s

    container = k8s.V1Container(
        name="base",
        image=wanted.get("image"),
        resources=k8s.V1ResourceRequirements(requests=wanted.get("requests"), limits=wanted.get("limits")),
    )
    spec = k8s.V1PodSpec(
        containers=[container],
        node_selector=wanted.get("node_selector"),
        tolerations=[k8s.V1Toleration(**toleration) for toleration in wanted.get("tolerations", ())],
    )
    return {"pod_override": k8s.V1Pod(spec=spec)}


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


@task(retries=3, retry_delay=timedelta(seconds=10), retry_exponential_backoff=True)
@cached("d3a9b159168b4c8e", ttl=timedelta(days=30))
@stored(result="file")
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


@task
@stored(result="file")
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


@task(multiple_outputs=True, executor_config=pod(requests={"memory": "1Gi"}))
@stored(outputs={"train_set": (0, "file"), "test_set": (1, "file")})
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


@task(executor_config=pod(requests={"memory": "1Gi"}))
@stored(result="file")
def pretrain(data: Path) -> Path:
    """Make the base model: one pass over a small part of the examples."""
    import numpy as np

    with np.load(data) as arrays:
        x, y = arrays["x"][::10], arrays["y"][::10]
    weights, _ = descend(np.zeros((x.shape[1], len(CHAPTERS))), x, y, epochs=1, rate=0.5)
    return save_weights(weights, Path("base"))


@task(
    multiple_outputs=True,
    retries=2,
    execution_timeout=timedelta(hours=2),
    executor_config=pod(
        requests={"memory": "16Gi"},
        limits={"nvidia.com/gpu": "1"},
        node_selector={"nvidia.com/gpu.product": "NVIDIA-A100-SXM4-40GB"},
        tolerations=[{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}],
    ),
)
@stored(outputs={"tuned": (0, "file"), "losses": (1, "value")})
def train(base: Path, data: Path, epochs: int, rate: float) -> tuple[Path, list[float]]:
    """Go on from the base model; also return the loss after each epoch."""
    import numpy as np

    with np.load(data) as arrays:
        weights, losses = descend(load_weights(base), arrays["x"], arrays["y"], epochs, rate)
    print(f"loss {losses[0]:.3f} -> {losses[-1]:.3f} in {epochs} epochs")
    return save_weights(weights, Path("tuned")), losses


@task(multiple_outputs=False, executor_config=pod(requests={"memory": "1Gi"}))
@stored
def evaluate(model: Path, data: Path) -> dict[str, float]:
    """Share of the held-out passages whose chapter the model finds, overall and by chapter."""
    import numpy as np

    with np.load(data) as arrays:
        x, y = arrays["x"], arrays["y"]
    weights = load_weights(model)
    by_chapter = {name: accuracy(weights, x[y == i], y[y == i]) for i, name in enumerate(CHAPTERS)}
    return {"accuracy": accuracy(weights, x, y), **by_chapter}


@task
@stored(result="file")
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


@task
@stored
def compute_gain(after, before):
    return after["accuracy"] - before["accuracy"]


@task.branch
@stored
def choose_gain(gain, margin):
    return "join_result" if gain < margin else "write_card"


@task(task_id="push", retries=3)
@stored
def push_task(tuned, card, epochs):
    return push(tuned, card, f"chapters-{epochs}")


@task(multiple_outputs=False, trigger_rule="none_failed_min_one_success")
@stored
def join_result(gain, margin, reference):
    if gain < margin:
        return {"pushed": None, "gain": round(gain, 4)}
    return {"pushed": reference, "gain": round(gain, 4)}


with DAG(
    dag_id="fine_tuning",
    description="Fine-tune the base model, and push the result if it is better by at least `margin`.",
    schedule=None,
    catchup=False,
    params={
        "limit": Param(40, type="integer"),
        "epochs": Param(30, type="integer"),
        "rate": Param(1.0, type="number"),
        "margin": Param(0.05, type="number"),
    },
    tags=["training", "gpu"],
    doc_md=__doc__,
) as dag:
    raw = ingest(dag.param("limit"))
    data = clean(raw)
    format_examples_outputs = format_examples(data, 7)
    base = pretrain(format_examples_outputs["train_set"])
    train_outputs = train(base, format_examples_outputs["train_set"], dag.param("epochs"), rate=dag.param("rate"))
    before = evaluate(base, format_examples_outputs["test_set"])
    after = evaluate.override(task_id="evaluate_2")(train_outputs["tuned"], format_examples_outputs["test_set"])
    gain = compute_gain(after, before)
    if_gain = choose_gain(gain, dag.param("margin"))
    card = write_card(before, after, train_outputs["losses"])
    reference = push_task(train_outputs["tuned"], card, dag.param("epochs"))
    result = join_result(gain, dag.param("margin"), reference)

    if_gain >> [card, result]
