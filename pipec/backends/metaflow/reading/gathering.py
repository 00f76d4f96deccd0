"""What joins take from their branches, as values."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from pipec.backends.metaflow.reading.flows import Flow
from pipec.backends.metaflow.reading.joins import Wanted
from pipec.backends.metaflow.reading.model import Gathered, Indexed, Known, Listed, Loop, Place, Value
from pipec.backends.metaflow.reading.steps import Infos, StepInfo
from pipec.backends.metaflow.reading.syntax import TARGET, Refused, plural
from pipec.compiler.diagnostics.foreign import CannotMigrate

Env = dict[str, Value]
"""Artifact -> what it is."""


@dataclass
class Joining:
    """What a join gets: the artifacts at the end of each branch."""

    branches: list[Env]
    tails: list[frozenset[str]]
    """The steps that each branch can end with."""
    loop: Loop | None = None


@dataclass
class Gathering:
    """For the joins of one flow."""

    flow: Flow
    infos: Infos
    globals: Env
    """What a join has whatever its branches did: parameters and constants."""
    notes: dict[str, list[str]] = field(default_factory=dict)
    """Step -> what was adapted."""

    def needs(self, info: StepInfo, joining: Joining) -> list[Wanted]:
        assert info.inputs is not None
        found: dict[Wanted, None] = {}
        if info.inputs.whole:
            for attr in self._attributes(info, joining):
                if joining.loop is not None:
                    found[Wanted("all", attr)] = None
                else:
                    for n, env in enumerate(joining.branches):
                        if attr in env:
                            found[Wanted("at", attr, n)] = None
        else:
            for wanted in info.inputs.wanted:
                if joining.loop is not None and wanted.kind in ("at", "branch"):
                    wanted = Wanted("all", wanted.attr)
                found[wanted] = None
        needs_items = info.inputs.counted or info.inputs.whole
        if joining.loop is not None and needs_items and not any(w.kind == "all" for w in found):
            found[Wanted("items")] = None
        return list(found)

    def _attributes(self, info: StepInfo, joining: Joining) -> list[str]:
        """Artifacts of the inputs whose names stand in a join that uses them as objects."""
        there = {name for env in joining.branches for name in env if name not in ("input", "index")}
        found: dict[str, None] = {}
        merged = {id(one) for call in info.usage.merges for one in ast.walk(call)}
        for node in ast.walk(info.member.function):
            if id(node) in merged:
                continue
            name = node.attr if isinstance(node, ast.Attribute) else None
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                name = node.value
            if name in there:
                assert name is not None
                found[name] = None
        return list(found)

    def wanted(self, step: str, wanted: Wanted, joining: Joining) -> Value:
        envs = joining.branches
        if wanted.kind == "items":
            assert joining.loop is not None
            return joining.loop.over
        if joining.loop is not None:
            if wanted.kind == "all":
                return self._gathered(step, wanted.attr, joining.loop, envs[0])
            index = wanted.key if isinstance(wanted.key, int) else 0
            return self._indexed(self._gathered(step, wanted.attr, joining.loop, envs[0]), index, envs[0][wanted.attr])
        if wanted.kind == "all":
            parts = [self._of(step, wanted.attr, env) for env in envs]
            return Listed(plural(wanted.attr), parts[0].place, parts=parts)
        if wanted.kind == "at":
            assert isinstance(wanted.key, int)
            if not -len(envs) <= wanted.key < len(envs):
                raise self._cannot(step, f"`inputs[{wanted.key}]` is none of its {len(envs)} inputs")
            values = [env.get(wanted.attr) for env in envs]
            if any(value is not values[0] for value in values):
                self.notes.setdefault(step, []).append(
                    f"`inputs[{wanted.key}].{wanted.attr}` is that of the branch which `self.next` names there; in "
                    "Metaflow the order of the inputs is that in which they end"
                )
            return self._of(step, wanted.attr, envs[wanted.key])
        for env, tail in zip(envs, joining.tails):
            if wanted.key in tail:
                return self._of(step, wanted.attr, env)
        raise self._cannot(step, f"no branch ends with step `{wanted.key}`")

    def _cannot(self, step: str, reason: str) -> Refused:
        member = self.flow.steps[step]
        return Refused(CannotMigrate(member.file.source.span(member.function), TARGET, f"step `{step}`", reason))

    def _of(self, step: str, attr: str, env: Env) -> Value:
        if attr in env:
            return env[attr]
        if attr in self.flow.constants:
            return Known(attr, Place(0), source=attr)
        raise self._cannot(step, f"it reads `{attr}` of an input that does not set it")

    def _gathered(self, step: str, attr: str, loop: Loop, env: Env) -> Value:
        inner = self._of(step, attr, env)
        if inner is loop.item:
            return loop.over
        for one in loop.gathered:
            if one.inner is inner:
                return one
        made = Gathered(plural(attr), loop.place, loop=loop, inner=inner)
        loop.gathered.append(made)
        return made

    def _indexed(self, of: Value, index: int, inner: Value) -> Value:
        if isinstance(of, Gathered) and of.loop is not None and of.loop not in inner.place.loops:
            return inner  # the same in each round
        return Indexed(inner.hint, of.place, of=of, index=index)

    def merge(self, step: str, info: StepInfo, joining: Joining) -> Env:
        """What `self.merge_artifacts(inputs, ...)` takes over."""
        found: Env = {}
        whole = [one.value for one in self.flow.steps[step].function.body if isinstance(one, ast.Expr)]
        for call in info.usage.merges:
            if not any(call is one for one in whole):
                where = "`merge_artifacts` stands in another statement, and may take place or not"
                raise self._cannot(step, where)
            include, exclude = self._lists(step, call)
            before = {n for n, node in info.usage.writes.items() if getattr(node, "lineno", 0) < call.lineno}
            for name in dict.fromkeys(name for env in joining.branches for name in env):
                if name in self.globals or name in before or name in exclude or (include and name not in include):
                    continue
                values = [env[name] for env in joining.branches if name in env]
                if any(value is not values[0] for value in values):
                    self.notes.setdefault(step, []).append(
                        f"`{name}` is taken from the first branch; Metaflow fails where its branches differ"
                    )
                found[name] = values[0]
                if joining.loop is not None and joining.loop in values[0].place.loops:
                    found[name] = self._indexed(
                        self._gathered(step, name, joining.loop, joining.branches[0]), 0, values[0]
                    )
            if missing := [n for n in include if n not in found and n not in before and n not in self.globals]:
                raise self._cannot(step, f"`merge_artifacts` includes `{missing[0]}`, which no branch sets")
        return found

    def _lists(self, step: str, call: ast.Call) -> tuple[list[str], list[str]]:
        found: dict[str, list[str]] = {"include": [], "exclude": []}
        names = ["inputs", "exclude", "include"]
        arguments = {**dict(zip(names, call.args)), **{k.arg: k.value for k in call.keywords if k.arg}}
        for name in found:
            node = arguments.get(name)
            if node is None or (isinstance(node, ast.Constant) and node.value is None):
                continue
            if not isinstance(node, (ast.List, ast.Tuple, ast.Set)):
                raise self._cannot(step, f"what `merge_artifacts` is to {name} is not written out")
            for item in node.elts:
                if not (isinstance(item, ast.Constant) and isinstance(item.value, str)):
                    raise self._cannot(step, f"what `merge_artifacts` is to {name} is not written out")
                found[name].append(item.value)
        return found["include"], found["exclude"]
