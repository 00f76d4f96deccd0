"""Names in a flow: steps, artifacts and Parameters share one namespace, and Metaflow's own attributes win silently."""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Iterable

FLOW_SPEC = frozenset(
    ("cmd", "foreach_stack", "index", "input", "merge_artifacts", "name", "next", "script_name", "print")
)
"""Attributes of `FlowSpec` and words that its linter refuses: a value under such a name is lost without a word."""

RESERVED = FLOW_SPEC | {"cache_key", "reused_from"}
"""With the artifacts of our own helper."""

RUN_OPTIONS = frozenset(
    ("max_num_splits", "max_workers", "max_log_size", "run_id", "run_id_file", "tag", "tags", "with")
)
OPTIONS = RUN_OPTIONS | {
    "params",
    "namespace",
    "obj",
    "decospecs",
    "user_namespace",
    "task_id",
    "runner_attribute_file",
}
OPTIONS |= {"script", "help", "start", "end"}
"""Options of the command line and steps of every flow, which no Parameter may be called."""

ARTIFACT = re.compile(r"[^\W_]\w*\Z")


def parameter_attribute(name: str) -> str:
    """The attribute, and the command line's name, of a pipeline parameter."""
    plain = name.lstrip("_") or "value"
    return f"{plain}_" if _is_reserved(plain.rstrip("_")) else plain


def parameter_of(attribute: str) -> str:
    """The pipeline parameter that has this attribute."""
    return attribute.removesuffix("_") if _is_reserved(attribute.rstrip("_")) else attribute


def _is_reserved(name: str) -> bool:
    return name in RESERVED or name.lower() in OPTIONS


class Names:
    """A namespace in which each name is given out once, whatever its case."""

    def __init__(self, taken: set[str]) -> None:
        self.taken = {*taken, *RESERVED}

    def fresh(self, wanted: str) -> str:
        """`wanted`, or the nearest name to it that is free; taken from now on."""
        name, n = wanted, 1
        while name in self.taken or keyword.iskeyword(name):
            n += 1
            name = f"{wanted}_{n}"
        self.taken.add(name)
        return name


class Words:
    """What Metaflow's own names and those of helpers are called in a flow: none hides one of the user's."""

    def __init__(self, taken: Iterable[str]) -> None:
        self.taken = frozenset(taken)
        self.used: set[str] = set()

    def __call__(self, name: str) -> str:
        """`name`, or what it is called where the user has such a name; used from now on."""
        self.used.add(name)
        return self.alias(name)

    def alias(self, name: str) -> str:
        """What `name` is called."""
        while name in self.taken:
            name = f"metaflow_{name}"
        return name


def step_name(wanted: str) -> str:
    """`wanted` as Metaflow's linter takes it: small ASCII letters, digits and underscores, starting with a letter."""
    plain = unicodedata.normalize("NFKD", wanted).encode("ascii", "ignore").decode()
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", plain).lower()
    clean = re.sub(r"_+", "_", re.sub(r"[^a-z0-9]", "_", snake)).strip("_")
    return clean if clean and clean[0].isalpha() else f"step_{clean}".rstrip("_")


def artifact_name(wanted: str) -> str:
    """`wanted`, which is an identifier, without a leading underscore: Metaflow keeps those to itself."""
    bare = wanted.lstrip("_")
    return bare if ARTIFACT.match(bare) and not keyword.iskeyword(bare) else f"value_{bare}".rstrip("_")


def class_name(pipeline: str) -> str:
    """`batch_inference` -> `BatchInferenceFlow`."""
    words = [w for w in re.split(r"[^A-Za-z0-9]+", unicodedata.normalize("NFKD", pipeline)) if w]
    name = "".join(w[0].upper() + w[1:] for w in words)
    name = name if name and name[0].isalpha() else f"Pipeline{name}"
    return name if name.endswith("Flow") and name != "Flow" else f"{name}Flow"


def plain_id(node_id: str) -> str:
    """`if_threshold` -> `threshold`, `for_c` -> `c`."""
    for prefix in ("if_", "for_"):
        if node_id.startswith(prefix) and len(node_id) > len(prefix):
            return node_id[len(prefix) :]
    return node_id
