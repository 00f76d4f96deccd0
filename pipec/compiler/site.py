"""The site: `[tool.pipec]` of `pyproject.toml`, which differs between clusters and not between pipelines."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from pipec.compiler.accelerators import DEFAULT_CLUSTER, GpuEntry, clusters, preset
from pipec.compiler.diagnostics import Report
from pipec.compiler.diagnostics.config import InvalidConfiguration, InvalidToml, UnknownConfiguration
from pipec.compiler.diagnostics.similar import closest
from pipec.compiler.toml_places import FILE, places_of, start
from pipec.ir import Span

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["GpuEntry", "Site", "load", "profiles", "root_of"]


class Site(BaseModel):
    """Project-wide defaults. Paths are relative to the project root."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    image: str = "python:3.12-slim"
    """Container image of steps that name none."""
    artifact_root: str = ""
    """URI under which targets without an artifact store of their own keep artifacts; "" leaves it to the deployment."""
    namespace: str = ""
    paths: tuple[str, ...] = ()
    """Further folders in which the project's modules are looked for."""
    codecs: dict[str, str] = {}
    """Annotation (`pl.DataFrame`) or dotted type -> "module:Class" with `save(value, path)` and `load(path)`."""
    cluster: str = DEFAULT_CLUSTER
    """Kind of cluster whose GPU catalogue applies: see `pipec.compiler.accelerators`."""
    gpu: dict[str, GpuEntry] = preset(DEFAULT_CLUSTER)
    """The preset of `cluster`, with the project's own entries over it."""
    versions: dict[str, str] = {}
    """Target -> version to write for. In the file, `airflow = "3.1"` directly below `[tool.pipec]` means the same."""
    native: dict[str, dict[str, Any]] = {}
    """Target -> native settings of every pipeline. In the file, a table `[tool.pipec.airflow]` means the same."""
    steps: dict[str, dict[str, Any]] = {}
    """Settings by step name, as in `@step(...)`."""
    pipelines: dict[str, dict[str, Any]] = {}
    """Settings by pipeline name, as in `@pipeline(...)`."""
    targets: tuple[str, ...] = ()
    """The names of the targets that there are; none where nobody knows. No key of the file."""
    places: dict[str, Span] = {}
    """Where each key was written: "steps.train.memory" -> place; no part of the meaning."""

    @property
    def own_image(self) -> str | None:
        """The image that the project has chosen; `None` where it is the default, a bare Python."""
        return self.image if self.image != Site.model_fields["image"].default else None

    def with_native(self, targets: Any) -> Any:
        """The native settings of a pipeline by target, with those of every pipeline below them."""
        if not self.native or not isinstance(targets, dict):
            return targets
        own = {name: given if isinstance(given, dict) else {} for name, given in targets.items()}
        return targets | {name: {**given, **own.get(name, {})} for name, given in self.native.items()}

    def place(self, key: str) -> Span:
        """Where `key` was written: itself, else the innermost table around it that was found."""
        while key and key not in self.places:
            key = key.rpartition(".")[0]
        return self.places.get(key, start())


_KEYS = tuple(name for name in Site.model_fields if name not in ("places", "targets", "native"))


def root_of(file: Path) -> Path:
    """The project root: the nearest folder upward with a `pyproject.toml` or `.git`, else the file's own."""
    real = Path(os.path.realpath(file))  # unlike `resolve`, content with links in a circle
    for folder in real.parents:
        if (folder / "pyproject.toml").exists() or (folder / ".git").exists():
            return folder
    return real.parent


def load(root: Path, report: Report, profile: str | None = None, targets: tuple[str, ...] = ()) -> Site:
    """The site of the project in `root`, with `[tool.pipec.profiles.<profile>]` over it.

    What is wrong in the file is reported, and left out. `targets` are the names that may stand for `versions.<name>`.
    """
    found = _read(root, report)
    if found is None:
        return Site(targets=targets)
    table, places = found
    own = _tables({key: value for key, value in table.items() if key != "profiles"}, targets)
    known = table.get("profiles", {})
    if profile is not None and isinstance(known, dict) and isinstance(known.get(profile), dict):
        own = _overlay(own, _tables(known[profile], targets))
        prefix = f"profiles.{profile}."
        places = {**places, **{k.removeprefix(prefix): v for k, v in places.items() if k.startswith(prefix)}}
    return _Loader(own, places, targets, report).site()


def _tables(table: Mapping[str, Any], targets: tuple[str, ...]) -> dict[str, Any]:
    """`airflow = "3.1"` as the table that it is short for."""
    return {k: {"version": v} if k in targets and not isinstance(v, dict) else v for k, v in table.items()}


def profiles(root: Path) -> tuple[str, ...]:
    """The profiles that the project in `root` has."""
    found = _read(root, Report())
    known = found[0].get("profiles", {}) if found else {}
    return tuple(known) if isinstance(known, dict) else ()


def _read(root: Path, report: Report) -> tuple[dict[str, Any], dict[str, Span]] | None:
    file = root / FILE
    try:
        text = file.read_bytes().decode()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        report.add(InvalidToml(start(), f"cannot be read: {error}"))
        return None
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = min(getattr(error, "lineno", None) or _line_of(str(error), text), _last_line(text))
        report.add(InvalidToml(start().model_copy(update={"line": line, "end_line": line}), str(error)))
        return None
    table = data.get("tool", {})
    table = table.get("pipec", {}) if isinstance(table, dict) else {}
    if not isinstance(table, dict):
        report.add(InvalidConfiguration(start(), "tool.pipec", "it is no table"))
        return None
    return table, places_of(text)


def _line_of(message: str, text: str) -> int:
    """The line that a message of the parser names: "(at line 2, column 11)" or "(at end of document)"."""
    found = re.search(r"\(at line (\d+)", message)
    return int(found[1]) if found else _last_line(text)


def _last_line(text: str) -> int:
    return max(len(text.rstrip().splitlines()), 1)


def _overlay(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _overlay(merged[key], value) if both else value
    return merged


class _Loader:
    def __init__(
        self, table: dict[str, Any], places: dict[str, Span], targets: tuple[str, ...], report: Report
    ) -> None:
        self.table, self.places, self.targets, self.report = table, places, targets, report

    def site(self) -> Site:
        """The site; every key that does not fit is reported and left out."""
        good: dict[str, Any] = {}
        for key, value in self.table.items():
            if key in self.targets:
                self._target(key, value, good)
            elif key not in _KEYS:
                hint = closest(key, (*_KEYS, "profiles", *self.targets))
                self.report.add(UnknownConfiguration(self._place(key), key, "tool.pipec", hint))
            elif key == "versions" and isinstance(value, dict):
                good["versions"] = {**value, **good.get("versions", {})}
            elif key == "gpu" and isinstance(value, dict):
                good["gpu"] = self._gpu(value)
            else:
                good[key] = value
        cluster = good.get("cluster", DEFAULT_CLUSTER)
        if cluster not in clusters():
            self._invalid("cluster", f"{cluster!r} is none of {', '.join(clusters())}")
            good["cluster"] = cluster = DEFAULT_CLUSTER
        if isinstance(good.get("gpu", {}), dict):
            good["gpu"] = {**preset(cluster), **good.get("gpu", {})}
        self._unknown_versions(good)
        while True:
            try:
                return Site(**good, targets=self.targets, places=self.places)
            except ValidationError as error:
                for bad in {str(problem["loc"][0]): problem for problem in error.errors()}.values():
                    path = ".".join(map(str, bad["loc"]))
                    self._invalid(path, bad["msg"][0].lower() + bad["msg"][1:])
                    good.pop(str(bad["loc"][0]), None)

    def _target(self, name: str, table: dict[str, Any], good: dict[str, Any]) -> None:
        """What is said of a target: its version, and native settings."""
        native = {key: value for key, value in table.items() if key != "version"}
        version = table.get("version")
        if isinstance(version, str):
            good.setdefault("versions", {})[name] = version
        elif version is not None:
            self._invalid(name, f'{version!r} is no version; write "1.0" in quotes')
        if native:
            good.setdefault("native", {})[name] = native

    def _gpu(self, table: dict[str, Any]) -> dict[str, GpuEntry]:
        entries: dict[str, GpuEntry] = {}
        for name, value in table.items():
            try:
                entries[name.lower()] = GpuEntry.model_validate(value)
            except ValidationError as error:
                for problem in error.errors():
                    key = ".".join(["gpu", name, *map(str, problem["loc"])])
                    if problem["type"] == "extra_forbidden":
                        wanted = str(problem["loc"][-1])
                        hint = closest(wanted, GpuEntry.model_fields)
                        place = self._place(key)
                        table_name = f"tool.pipec.gpu.{name}"
                        self.report.add(UnknownConfiguration(place, wanted, table_name, hint))
                    else:
                        self._invalid(key, problem["msg"][0].lower() + problem["msg"][1:])
        return entries

    def _unknown_versions(self, good: dict[str, Any]) -> None:
        versions = good.get("versions", {})
        for name in [name for name in versions if self.targets and name not in self.targets]:
            hint = closest(name, self.targets)
            place = self._place(f"versions.{name}")
            self.report.add(UnknownConfiguration(place, name, "tool.pipec.versions", hint))
            del versions[name]

    def _place(self, key: str) -> Span:
        return Site(places=self.places).place(key)

    def _invalid(self, key: str, reason: str) -> None:
        self.report.add(InvalidConfiguration(self._place(key), key, reason))
