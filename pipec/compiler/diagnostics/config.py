"""15x: the project's configuration, `[tool.pipec]` of `pyproject.toml`, is wrong."""

from __future__ import annotations

from dataclasses import dataclass

from pipec.compiler.diagnostics.finding import Finding


@dataclass(frozen=True)
class InvalidToml(Finding):
    """`pyproject.toml` cannot be parsed.

    The place and the message are the parser's own.

    Example:

        [tool.pipec
        image = "python:3.12-slim"

    Use instead:

        [tool.pipec]
        image = "python:3.12-slim"
    """

    reason: str

    code = "PC151"
    name = "invalid-toml"

    @property
    def message(self) -> str:
        return self.reason


@dataclass(frozen=True)
class UnknownConfiguration(Finding):
    """`[tool.pipec]` has no such key. A setting that were silently ignored would be missed only on the cluster.

    Example:

        [tool.pipec]
        artifact_rot = "s3://bucket/artifacts"

    Use instead:

        [tool.pipec]
        artifact_root = "s3://bucket/artifacts"
    """

    key: str
    table: str
    similar: str = ""

    code = "PC152"
    name = "unknown-configuration"

    @property
    def message(self) -> str:
        return f"[{self.table}] has no key {self.key!r}"

    @property
    def help(self) -> str:
        return f"did you mean {self.similar!r}?" if self.similar else ""


@dataclass(frozen=True)
class InvalidConfiguration(Finding):
    """A key of `[tool.pipec]` has a value that it cannot have.

    Example:

        [tool.pipec]
        paths = "src"

    Use instead:

        [tool.pipec]
        paths = ["src"]
    """

    key: str
    reason: str

    code = "PC153"
    name = "invalid-configuration"

    @property
    def message(self) -> str:
        return f"{self.key}: {self.reason}"
