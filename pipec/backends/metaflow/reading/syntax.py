"""Small questions about Python source, and the exception that gives up on one flow."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from pipec.compiler.diagnostics.finding import Finding

TARGET = "metaflow"


class Refused(Exception):
    """A flow that cannot be migrated; the finding says why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding


@dataclass
class Imported:
    """What a module calls the things of Metaflow."""

    names: dict[str, str] = field(default_factory=dict)
    """Local name -> Metaflow's word: `FlowSpec`, `step`, `cards.Markdown`."""
    modules: dict[str, str] = field(default_factory=dict)
    """Local name of a module -> what stands before its words: "" or "cards."."""
    star: bool = False

    @classmethod
    def of(cls, tree: ast.Module) -> Imported:
        """From all imports of a module, those in functions too."""
        found = cls()
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                for one in node.names:
                    if one.name.split(".")[0] == TARGET:
                        prefix = one.name.partition(".")[2] if one.asname else ""
                        found.modules[one.asname or TARGET] = f"{prefix}." if prefix else ""
            elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == TARGET and not node.level:
                prefix = (node.module or "").partition(".")[2]
                for one in node.names:
                    if one.name == "*":
                        found.star = True
                    else:
                        found.names[one.asname or one.name] = f"{prefix}.{one.name}" if prefix else one.name
        return found

    def word(self, node: ast.expr) -> str | None:
        """Metaflow's own word for a name or attribute; `None` where it is something else."""
        match node:
            case ast.Name(id=name):
                if name in self.names:
                    return self.names[name]
                return name if self.star and name in STARRED else None
            case ast.Attribute(value=ast.Name(id=name), attr=attr) if name in self.modules:
                return self.modules[name] + attr
        return None


STARRED = frozenset(
    (
        "FlowSpec", "step", "Parameter", "JSONType", "IncludeFile", "Config", "config_expr", "current", "retry",
        "timeout", "resources", "kubernetes", "batch", "catch", "card", "conda", "conda_base", "pypi", "pypi_base",
        "environment", "secrets", "schedule", "project", "trigger", "trigger_on_finish", "exit_hook", "parallel",
        "Flow", "Run", "Step", "Task", "S3", "FlowMutator", "StepMutator", "user_step_decorator",
    )
)  # fmt: skip
"""What `from metaflow import *` brings that matters here."""


def attribute_of(node: ast.AST, name: str) -> str | None:
    """`x` of `self.x`."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == name:
        return node.attr
    return None


def literal(node: ast.expr) -> tuple[bool, object]:
    """Whether it is a literal, and of what."""
    try:
        return True, ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False, None


def bound_names(node: ast.AST) -> Iterator[str]:
    """Each name that is mentioned or bound anywhere in `node`, function arguments and imports too."""
    for one in ast.walk(node):
        match one:
            case ast.Name(id=name) | ast.arg(arg=name):
                yield name
            case ast.alias():
                yield (one.asname or one.name).split(".")[0]
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.ExceptHandler(name=str(name)):
                yield name
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                yield name


def stored_names(node: ast.AST) -> list[str]:
    """Each name that is assigned anywhere in `node`, as often as it is."""
    return [n.id for n in ast.walk(node) if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)]


def snake(name: str) -> str:
    """`TrainModelFlow` -> `train_model_flow`."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return re.sub(r"_+", "_", spaced).strip("_").lower()


def plural(word: str) -> str:
    """`score` -> `scores`, `class` -> `class_list`: a name for several of them."""
    if word.endswith(("s", "x", "ch", "sh", "data")) or not word[-1:].isalpha():
        return f"{word}_list"
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return f"{word[:-1]}ies"
    return f"{word}s"


def singular(word: str) -> str:
    """`genres` -> `genre`: a name for one of them; `item` where there is none."""
    word = word.removeprefix("all_")
    for tail, instead in (("_list", ""), ("ies", "y"), ("sses", "ss"), ("xes", "x"), ("ches", "ch"), ("s", "")):
        if word.endswith(tail) and not word.endswith("ss") and len(word) > len(tail) + 1:
            return word[: -len(tail)] + instead
    return "item"
