"""Capability tables: what each target can do, as data; and the one check that turns it into findings."""

from __future__ import annotations

import math
import re
import sys
from functools import cache
from importlib import resources
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, model_validator

from pipec.compiler.diagnostics import Report
from pipec.compiler.diagnostics.config import InvalidConfiguration
from pipec.compiler.diagnostics.target import EmulatedFeature, LossyFeature, UnsupportedFeature
from pipec.compiler.site import Site
from pipec.ir import Pipeline, PipelinePolicy
from pipec.ir.features import FEATURES, Use, uses_of

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Support = Literal["native", "emulated", "lossy", "none"]


class Row(BaseModel):
    """What one target makes of one feature."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    support: Support
    since: str = ""
    """First version of the target that has it."""
    via: str = ""
    """The idiom that the generated code uses."""
    note: str = ""
    """What is lost or refused, or how it is emulated; a part of the finding's sentence."""
    docs: str = ""
    """A URL of the orchestrator's documentation."""
    proof: str = ""
    """The case that shows it: a folder of `tests/cases` or `samples`, or a test id."""
    forms: dict[str, Row] = {}
    """The same for steps that run in another form, where it differs: `[features.X.FORM]`."""

    @model_validator(mode="before")
    @classmethod
    def _tables(cls, data: dict[str, Any]) -> dict[str, Any]:
        tables = {key: value for key, value in data.items() if isinstance(value, dict) and key != "forms"}
        return {**{k: v for k, v in data.items() if k not in tables}, **({"forms": tables} if tables else {})}


class Capabilities(BaseModel):
    """The table of one target."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    target: str
    title: str
    """The orchestrator's own name."""
    versions: tuple[str, ...]
    """Supported versions, oldest first."""
    default_version: str
    form_setting: str = ""
    """The native setting of a step, or of the pipeline for all of its steps, that names the form in which it runs."""
    forms: dict[str, str] = {"container": "container step"}
    """Forms of steps that have rows of their own, in words. "container": steps that are containers."""
    features: dict[str, Row]

    def version(self, site: Site) -> str:
        """The version to write for: the site's, or the default."""
        return site.versions.get(self.target) or self.default_version

    def supports(self, version: str) -> bool:
        """Whether `version`, such as "3.1" or "3.1.4", is a supported one."""
        return bool(_NUMBER.fullmatch(version)) and numbers(version)[:2] in [numbers(v)[:2] for v in self.versions]

    @property
    def rows(self) -> list[tuple[str, str, Row]]:
        """Feature, what to add to its name, and row; steps of some forms have rows of their own where they differ."""
        found: list[tuple[str, str, Row]] = []
        for feature in FEATURES:
            row = self.features[feature]
            found.append((feature, "", row))
            found += [(feature, f", {self.forms[form]}", own) for form, own in row.forms.items()]
        return found

    def form(self, use: Use, pipeline: PipelinePolicy) -> str:
        """The form of the step that `use` is about, or of the pipeline's steps; "" for the usual one."""
        if use.container:
            return "container"
        policies = [policy for policy in (use.policy, pipeline) if policy is not None]
        named = (policy.extensions.get(self.target, {}).get(self.form_setting) for policy in policies)
        return str(next((form for form in named if form is not None), ""))

    def check(self, pipeline: Pipeline, site: Site, report: Report) -> None:
        """Report what the target lacks, loses or emulates. Backends contain no other refusals of features."""
        version = self.version(site)
        if not self.supports(version):
            reason = f"pipec writes for {self.title} {', '.join(self.versions)}"
            place = site.places.get(self.target) or site.place(f"versions.{self.target}")
            report.add(InvalidConfiguration(place, self.target, reason))
            return
        for use in uses_of(pipeline):
            if use.target not in ("", self.target) or use.other == self.target:
                continue
            row = self.features[use.feature]
            row = row.forms.get(self.form(use, pipeline.policy), row)
            kind = {"none": UnsupportedFeature, "lossy": LossyFeature, "emulated": EmulatedFeature}.get(row.support)
            note = row.note
            if not at_least(version, row.since):
                kind, note = UnsupportedFeature, f"it needs {self.title} {row.since} or later; this is for {version}"
            if kind is not None:
                report.add(kind(use.span, self.target, use.feature, FEATURES[use.feature], use.subject, note))


_NUMBER = re.compile(r"\d+(?:\.\d+){1,2}")


def numbers(version: str) -> tuple[int, ...]:
    """The parts of a version: "3.1.4" -> (3, 1, 4)."""
    return tuple(map(int, version.split(".")))


def at_least(version: str, since: str) -> bool:
    """Whether `version` has what came with `since`; "3.1" stands for the last release of its line."""
    return not since or (*numbers(version), math.inf) >= numbers(since)


@cache
def load(target: str) -> Capabilities:
    """The table `capabilities.toml` of the backend package of `target`."""
    text = resources.files(f"pipec.backends.{target}").joinpath("capabilities.toml").read_text(encoding="utf-8")
    data = tomllib.loads(text)
    return Capabilities(target=target, **data)
