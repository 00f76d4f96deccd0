"""What the text of a function is made from: the names that stand for the flow and its artifacts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass
class Helper:
    """What a helper method has become."""

    function: str
    reads: dict[str, str] = field(default_factory=dict)
    """Keyword -> attribute of the flow that it gets."""
    takes_flow: bool = False
    is_property: bool = False


@dataclass
class Gathered:
    """What stands for the inputs of a join."""

    name: str
    lists: dict[str, str] = field(default_factory=dict)
    """Attribute -> the parameter that is the list of it."""
    single: dict[tuple[str | int, str], str] = field(default_factory=dict)
    """(Branch or index, attribute) -> source."""
    count: str = ""
    """Source of the number of inputs."""


@dataclass
class Lift:
    """Everything that the text of one function needs."""

    name: str
    self_name: str
    parameters: list[tuple[str, str]] = field(default_factory=list)
    """Name and annotation."""
    names: Mapping[str, str] = field(default_factory=dict)
    """Attribute of the flow -> source that stands for it."""
    current: Mapping[str, str] = field(default_factory=dict)
    """Attribute of Metaflow's `current` -> source."""
    current_names: frozenset[str] = frozenset()
    classes: frozenset[str] = frozenset()
    """Names of the class itself, by which its constants and static methods are reached."""
    constants: Mapping[str, str] = field(default_factory=dict)
    """Constant of the class -> its name in the module."""
    helpers: Mapping[str, Helper] = field(default_factory=dict)
    gathered: Gathered | None = None
    outputs: list[str] = field(default_factory=list)
    """Sources that are returned."""
    returns: str = ""
    first: list[str] = field(default_factory=list)
    """Statements above the body."""
    last_is_next: bool = True
    dropped: frozenset[str] = frozenset()
    """Statements that are left out, by their text."""
    ours: Mapping[str, str] = field(default_factory=dict)
    """Name -> the helper of pipec's that it is."""
    """pipec has written it: what stands around the code of steps is taken away."""
    keeps_flow: bool = False
    """`self.x` stays: `self` is an object with the artifacts."""
    signature: str | None = None
    """Of a helper: its own parameters as written."""
