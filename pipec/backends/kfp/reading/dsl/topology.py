"""Which values go into and out of each block of a pipeline, and which block waits for which."""

from __future__ import annotations

import copy
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from pipec.backends.kfp.reading.dsl import channels
from pipec.backends.kfp.reading.dsl.channels import LOOPS, Channel
from pipec.backends.kfp.reading.dsl.groups import CONDITION, EXIT, LOOP, Group, Recorder
from pipec.backends.kfp.reading.dsl.problems import Problem, refused
from pipec.backends.kfp.reading.dsl.tasks import Task


@dataclass
class Topology:
    """A recorded pipeline with what follows from it. The rules are those of the SDK's compiler."""

    recorder: Recorder
    groups: dict[str, Group] = field(default_factory=dict)
    """All blocks by name, outer ones first."""
    ancestors: dict[str, list[str]] = field(default_factory=dict)
    """Task or block -> the blocks around it from the outside, and itself."""
    deciding: dict[str, list[Channel]] = field(default_factory=dict)
    """Task -> what the conditions around it compare."""
    inputs: dict[str, dict[tuple[Channel, str | None], None]] = field(default_factory=dict)
    """Task or block -> the values that come in, in order."""
    outputs: dict[str, dict[str, Channel]] = field(default_factory=dict)
    """Block -> the values that go out, by their names there."""
    dependencies: dict[str, set[str]] = field(default_factory=dict)
    """Task or block -> those beside it that it waits for."""

    def __post_init__(self) -> None:
        self.groups = {group.name: group for group in self.recorder.root.walk()}
        self._place(self.recorder.root, [], [])
        for task in self.recorder.tasks.values():
            for channel in self.needs(task):
                self._bring(channel, task)

    def _place(self, group: Group, above: list[str], deciding: list[Channel]) -> None:
        around = [*above, group.name]
        self.ancestors[group.name] = around
        if group.kind == CONDITION:
            deciding = [*deciding, *(one for condition in group.conditions for one in condition.channels)]
        for child in group.groups:
            self._place(child, around, deciding)
        for task in group.tasks:
            self.ancestors[task.name] = [*around, task.name]
            self.deciding[task.name] = list(dict.fromkeys(deciding))

    def needs(self, task: Task) -> list[Channel]:
        """Every value that a task or the conditions around it need."""
        return [*task.channels, *self.deciding.get(task.name, ())]

    def apart(self, one: str, other: str) -> tuple[list[str], list[str]]:
        """Where the ways to two tasks or blocks part: what is not common to both, from the outside."""
        if one not in self.ancestors or other not in self.ancestors:
            raise refused(f"`{other}`", f"it depends on `{one}`, which is an exit task")
        first, second = self.ancestors[one], self.ancestors[other]
        common = sum(1 for a, b in zip(first, second) if a == b)
        return first[common:], second[common:]

    def _bring(self, channel: Channel, task: Task) -> None:
        """Add a value to the inputs of every block that it has to pass through to reach a task."""
        chain: deque[Channel] = deque()
        current: Any = channel
        while isinstance(current, LOOPS):
            chain.append(current)
            current = current.loop if isinstance(current, channels.LoopField) else current.items
        if isinstance(current, Channel):
            chain.append(current)
        producer = channel.task
        if producer is not None:
            upstream, downstream = self.apart(producer.name, task.name)
            self._down(chain, downstream, upstream[0] if upstream else None)
        elif task.is_exit:
            return
        elif isinstance(channel, LOOPS) and channel.constant:
            self._up(chain, self.ancestors[task.name])
        else:
            self._down(chain, self.ancestors[task.name], None)

    def _down(self, chain: deque[Channel], blocks: list[str], producer: str | None) -> None:
        for index, name in enumerate(blocks):
            self._add(name, chain[-1], producer if index == 0 else None)
            if self._is_item(name, chain[-1]):
                chain.pop()
                if not chain:
                    return

    def _up(self, chain: deque[Channel], blocks: list[str]) -> None:
        for name in reversed(blocks):
            self._add(name, chain[0], None)
            if self._is_item(name, chain[0]):
                chain.popleft()
                if not chain:
                    return

    def _add(self, block: str, channel: Channel, producer: str | None) -> None:
        self.inputs.setdefault(block, {}).setdefault((channel, producer))

    def _is_item(self, block: str, channel: Channel) -> bool:
        """Whether a block is the loop that makes single items of a value."""
        item = self.groups[block].item if block in self.groups else None
        return item is not None and channel.full_name in item.full_name

    def surface(self, results: dict[str, Channel]) -> dict[str, Channel]:
        """Lift values out of the blocks that make them; gives the pipeline's results as seen from its top level."""
        done: list[Channel] = []
        for task in self.recorder.tasks.values():
            for channel in task.channels:
                if isinstance(channel, channels.Collected):
                    self._lift_collected(channel, task)
                elif isinstance(channel, channels.OneOf) and channel not in done:
                    upstream = [self.apart(inner.task_name or "", task.name)[0] for inner in channel.channels]
                    self._lift_one_of(channel, upstream)
                    done.append(channel)
        for name, channel in results.items():
            if isinstance(channel, channels.Collected):
                results[name] = self._lift_result(channel)
            elif isinstance(channel, channels.OneOf) and channel not in done:
                self._lift_one_of(channel, [self.ancestors[one.task_name or ""][1:] for one in channel.channels])
        return results

    def _lift_collected(self, channel: channels.Collected, consumer: Task) -> None:
        upstream, downstream = self.apart(channel.task_name or "", consumer.name)
        self._check_collected(upstream, consumer)
        name = channels.prefixed(channel)
        inner = upstream.pop()
        for block in reversed(upstream):
            self.outputs.setdefault(block, {})[name] = _list_of(channel, channel.name, inner)
            channel.name, channel.task_name, inner = name, block, block
            around = self.groups[self.ancestors[block][-2]]
            if downstream[0] in [child.name for child in around.children]:
                break

    def _check_collected(self, upstream: list[str], consumer: Task) -> None:
        blocks = upstream[:-1]
        if all(self.groups[block].kind != LOOP for block in blocks):
            raise refused("`dsl.Collected`", f"`{upstream[-1]}` is in no loop that `{consumer.name}` is not in")
        if self.groups[blocks[0]].kind != LOOP:
            raise refused("`dsl.Collected`", f"the loop around `{upstream[-1]}` is in a block of its own")

    def _lift_result(self, channel: channels.Collected) -> Channel:
        name = channels.prefixed(channel)
        blocks = self.ancestors[channel.task_name or ""][1:]
        inner = blocks.pop()
        for block in reversed(blocks):
            made = _list_of(channel, channel.name, inner)
            channel.name, channel.task_name, inner = name, block, block
            self.outputs.setdefault(block, {})[name] = made
        return _list_of(channel, name, inner)

    def _lift_one_of(self, channel: channels.OneOf, upstream: list[list[str]]) -> None:
        channel.channels = [copy.copy(one) for one in channel.channels]
        for inner, blocks in zip(channel.channels, upstream):
            name = channels.prefixed(inner)
            for block in reversed(blocks):
                if inner.task is not None and block == inner.task.name:
                    continue
                if block == channel.branches.name:
                    self.outputs.setdefault(block, {})[channel.name] = channel
                    break
                self.outputs.setdefault(block, {})[name] = copy.copy(inner)
                inner.name, inner.task_name = name, block

    def order(self) -> None:
        """Work out what waits for what."""
        for task in self.recorder.tasks.values():
            makers = [one.task for one in self.needs(task)]
            upstream = dict.fromkeys(one for one in makers if one is not None)
            upstream |= dict.fromkeys(self._named(name) for name in task.after)
            for other in upstream:
                before, after = self.apart(other.name, task.name)
                self._check_order(task, other, [name for name in before if name != other.name])
                if before and after:
                    self.dependencies.setdefault(after[0], set()).add(before[0])

    def _named(self, name: str) -> Task | Group:
        found = self.recorder.find(name)
        if isinstance(found, Group) and found.kind != EXIT:
            raise refused("`.after`", f"`{name}` is a block that cannot be waited for")
        return found

    def _check_order(self, task: Task, other: Task | Group, blocks: list[str]) -> None:
        """A task cannot reach into a block that it is not in."""
        if not blocks:
            return
        kind = self.groups[blocks[0]].kind
        by_data = any(one.task is other for one in task.channels)
        if kind in (CONDITION, EXIT) or (kind == LOOP and by_data):
            raise _illegal(task, other)


def _illegal(task: Task, other: Task | Group) -> Problem:
    problem = refused(
        f"`{task.name}`", f"it depends on `{other.name}`, which is in a block that `{task.name}` is not in"
    )
    return problem.at(task.span)


def _list_of(channel: channels.Collected, name: str, task_name: str) -> Channel:
    """The list that a block makes of the values in its rounds."""
    if isinstance(channel.output, channels.Artifact):
        return channels.Artifact(name, channel.output.kind, task_name, channel.recorder, True)
    return channels.Parameter(name, "LIST", task_name, channel.recorder)
