"""What a backend is, and what it gives and gets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from pipec.compiler.capabilities import Capabilities
from pipec.compiler.diagnostics import Report
from pipec.compiler.site import Site
from pipec.ir import Pipeline

if TYPE_CHECKING:  # a build reads nothing of another orchestrator
    from pipec.compiler.reading import Reader


@dataclass(frozen=True)
class Bundle:
    """The generated files of one pipeline."""

    files: Mapping[str, str]
    """Relative path -> text. Deterministic."""
    main: str
    """The file that the orchestrator loads."""

    def __post_init__(self) -> None:
        for path in self.files:  # whatever a backend makes of a name: nothing is written outside of its folder
            parts = path.replace("\\", "/").split("/")
            if not path.isprintable() or not all(parts) or ".." in parts or ":" in parts[0]:
                raise ValueError(f"{path!r} is no path below the folder of a target")


class Backend(Protocol):
    """One orchestrator. Instances are stateless."""

    name: str
    """As in `--target NAME`."""
    capabilities: Capabilities

    def build(self, pipeline: Pipeline, site: Site, report: Report) -> Bundle | None:
        """The files for `pipeline`, or `None` where a finding in `report` refuses it."""

    runner: str
    """Module that is run as `python -m` by `run` and `verify`; see `pipec.compiler.backend.worker`."""

    requirement: str
    """Extra that `run` needs, such as "pipec[kfp]"; "" for none."""

    runs_natives: bool
    """Whether `run` can run steps that are in the orchestrator's own words."""

    reader: Reader | None
    """What reads existing pipelines of the orchestrator; `None`: they cannot be read."""
