"""The graph of a flow as nested blocks: forks, loops and choices."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from pipec.backends.metaflow.reading.flows import Flow
from pipec.backends.metaflow.reading.syntax import TARGET, Refused
from pipec.backends.metaflow.reading.transitions import Next, transition
from pipec.compiler.diagnostics.foreign import CannotMigrate, UnreadablePipeline

MOST_NODES = 5000
"""Steps that two arms share are called in both; that may not go on without end."""
DEEPEST = 40


@dataclass
class Work:
    """One step that is not a join."""

    step: str


@dataclass
class Fork:
    """Branches that run side by side, and the step that joins them."""

    step: str
    branches: dict[str, Block]
    """First step -> its block."""
    join: str


@dataclass
class Each:
    """A block for each item, and the step that joins them."""

    step: str
    artifact: str
    body: Block
    join: str


@dataclass
class Choice:
    """The arms of a switch; they meet below it."""

    step: str
    artifact: str
    arms: list[tuple[tuple[object, ...], Block]] = field(default_factory=list)
    """Values, and the block that runs for them."""


Node: TypeAlias = "Work | Fork | Each | Choice"
Block: TypeAlias = "list[Node]"


class Regions:
    """Builds the blocks of one flow."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.next: dict[str, Next] = {}
        self.nodes = 0

    def build(self) -> Block:
        """The block of the whole flow; raises `Refused` for graphs that Metaflow or Python does not have."""
        flow = self.flow
        assert flow.start is not None
        if flow.end is None:
            raise Refused(UnreadablePipeline(flow.file.source.span(flow.node), TARGET, "it has no last step"))
        for name, member in flow.steps.items():
            self.next[name] = transition(flow, member)
        order = self._order(flow.start)
        for name in flow.steps:
            if name not in order:
                self._broken(name, f"no step leads to step {name!r}")
        self._meeting = self._post_dominators(order)
        block, stopped = self._block(flow.start, frozenset(), 0)
        if stopped is not None:
            self._broken(stopped, f"step {stopped!r} joins nothing")
        return block

    def is_join(self, step: str) -> bool:
        """Whether a step takes inputs."""
        return self.flow.steps[step].inputs_name is not None

    def _broken(self, step: str, reason: str) -> None:
        member = self.flow.steps[step]
        raise Refused(UnreadablePipeline(member.file.source.span(member.function), TARGET, reason))

    def _order(self, start: str) -> list[str]:
        """The steps in topological order; a loop is refused."""
        state: dict[str, int] = {start: 1}
        order: list[str] = []
        todo: list[tuple[str, int]] = [(start, 0)]
        while todo:
            step, n = todo.pop()
            targets = self.next[step].targets
            if n == len(targets):
                state[step] = 2
                order.append(step)
                continue
            todo.append((step, n + 1))
            target = targets[n]
            if state.get(target) == 1:
                member, node = self.flow.steps[step], self.next[step].node
                assert node is not None
                what = f"the loop from step `{step}` back to `{target}`"
                reason = "a pipeline in plain Python has no loop whose end is not known when it starts"
                advice = "put the loop into one step, or run its rounds as a fan-out"
                raise Refused(CannotMigrate(member.file.source.span(node), TARGET, what, reason, advice))
            if target not in state:
                state[target] = 1
                todo.append((target, 0))
        return order[::-1]

    def _post_dominators(self, order: list[str]) -> dict[str, str | None]:
        """Step -> the first step that every way from it passes."""
        index = {step: n for n, step in enumerate(order)}
        sets: dict[str, int] = {}
        for step in reversed(order):
            common = -1
            for target in self.next[step].targets:
                common &= sets[target]
            sets[step] = (common if self.next[step].targets else 0) | (1 << index[step])
        found: dict[str, str | None] = {}
        for step in order:
            rest = sets[step] & ~(1 << index[step])
            found[step] = order[(rest & -rest).bit_length() - 1] if rest > 0 else None
        return found

    def _block(self, step: str, stops: frozenset[str], depth: int) -> tuple[Block, str | None]:
        """The block from `step` on, and the join or the meeting step before which it ends."""
        block: Block = []
        if depth > DEEPEST:
            self._broken(step, "its blocks are nested too deeply")
        at: str | None = step
        joined = False
        while at is not None:
            if at in stops or (self.is_join(at) and not joined):
                return block, at
            self.nodes += 1
            if self.nodes > MOST_NODES:
                self._broken(at, "its arms share too many steps")
            if not joined:
                block.append(Work(at))
            at, joined = self._after(at, block, stops, depth)
        return block, None

    def _after(self, step: str, block: Block, stops: frozenset[str], depth: int) -> tuple[str | None, bool]:
        """Add what a step's transition makes; the step that goes on, and whether it is a join that was added."""
        found = self.next[step]
        if found.kind == "end":
            return None, False
        if found.kind == "linear":
            if self.is_join(found.targets[0]) and found.targets[0] not in stops:
                return found.targets[0], False
            return found.targets[0], False
        if found.kind == "switch":
            return self._choice(step, found, block, stops, depth), False
        branches: dict[str, Block] = {}
        ends: set[str | None] = set()
        for target in found.targets:
            branches[target], end = self._block(target, stops, depth + 1)
            ends.add(end)
        (join, *more) = sorted(ends, key=str)
        if more or join is None or not self.is_join(join) or not all(branches.values()):
            self._broken(step, f"what starts at step {step!r} does not meet in one join")
        assert join is not None
        if found.kind == "split":
            block.append(Fork(step, branches, join))
        else:
            block.append(Each(step, found.artifact, branches[found.targets[0]], join))
        return join, True

    def _choice(self, step: str, found: Next, block: Block, stops: frozenset[str], depth: int) -> str | None:
        meeting = self._meeting[step]
        grouped: dict[str, list[object]] = {}
        for value, target in found.cases:
            grouped.setdefault(target, []).append(value)
        choice = Choice(step, found.artifact)
        inner = stops | ({meeting} if meeting is not None else set())
        for target, values in grouped.items():
            arm, end = self._block(target, inner, depth + 1)
            if end is not None and end != meeting:
                self._broken(step, f"the arms of step {step!r} do not meet")
            choice.arms.append((tuple(values), arm))
        block.append(choice)
        return meeting
