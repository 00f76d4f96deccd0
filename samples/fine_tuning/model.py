"""A linear softmax classifier over hashed words: small enough to train on a CPU in a second."""

import zlib
from pathlib import Path

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
    vector = np.zeros(BUCKETS)
    for token in [*words, *(f"{a} {b}" for a, b in zip(words, words[1:]))]:
        vector[zlib.crc32(token.encode()) % BUCKETS] += 1.0
    return vector / max(float(np.linalg.norm(vector)), 1.0)


def descend(
    weights: np.ndarray, x: np.ndarray, y: np.ndarray, epochs: int, rate: float
) -> tuple[np.ndarray, list[float]]:
    """Gradient descent in small batches from `weights`; the new weights, and the loss after each epoch."""
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
    folder.mkdir(exist_ok=True)
    np.save(folder / "weights.npy", weights)
    (folder / "labels.txt").write_text("\n".join(CHAPTERS), encoding="utf-8")
    return folder


def load_weights(folder: Path) -> np.ndarray:
    """Read the weights of a model folder."""
    weights: np.ndarray = np.load(folder / "weights.npy")
    return weights


def _softmax(logits: np.ndarray) -> np.ndarray:
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    softmax: np.ndarray = shifted / shifted.sum(axis=1, keepdims=True)
    return softmax
