"""Pipelines that run after one another, `schedule=After("name")`: which of them stand in one file.

A target may have to make the first one tell of its end. What is made of a pipeline depends on its own file alone, so
one that another file's pipeline waits for cannot know.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipec.compiler.diagnostics import Report
from pipec.compiler.frontend.components import PIPELINE_SETTINGS, Steps, decorator, is_marked
from pipec.compiler.frontend.project import Module
from pipec.compiler.frontend.resolve import Resolver
from pipec.compiler.frontend.settings import Raw
from pipec.compiler.site import Site
from pipec.ir import Pipeline, PipelinePolicy


@dataclass(frozen=True)
class Neighbours:
    """The pipelines of one file, by the names that they have for an orchestrator."""

    names: frozenset[str]
    followed: frozenset[str]
    """Those that another one of the file runs after."""

    def known_to(self, pipeline: Pipeline) -> Pipeline:
        """`pipeline` with what it has to know of the others."""
        policy = pipeline.policy
        changes: dict[str, object] = {}
        if pipeline.name in self.followed:
            changes["followed"] = True
        if policy.schedule is not None and policy.schedule.after in self.names:
            changes["schedule"] = policy.schedule.model_copy(update={"beside": True})
        return pipeline.model_copy(update={"policy": policy.model_copy(update=changes)}) if changes else pipeline


def neighbours(module: Module, resolver: Resolver, site: Site) -> Neighbours:
    """The pipelines of `module`; what is wrong with their settings is reported where they are read themselves."""
    if "After" not in module.text and not site.pipelines:  # nothing of the kind is said anywhere
        return Neighbours(frozenset(), frozenset())
    reader = Steps(resolver, site, Report(), Raw()).reader(module)
    names: set[str] = set()
    followed: set[str] = set()
    for name in module.bindings:
        node = module.function(name)
        if node is None or not (is_marked(resolver, module, node, "pipeline") or name in site.pipelines):
            continue
        place = module.name_span(node)
        raw = reader.site_raw(site.pipelines.get(name, {}), place, PIPELINE_SETTINGS)
        raw.values.update(reader.raw(decorator(resolver, module, node, "pipeline"), PIPELINE_SETTINGS).values)
        names.add(str(raw.values.get("name", name)))
        schedule = _schedule(reader.pipeline(raw, place))
        followed.update([schedule] if schedule else [])
    return Neighbours(frozenset(names), frozenset(followed & names))


def _schedule(policy: PipelinePolicy) -> str | None:
    return policy.schedule.after if policy.schedule is not None else None
