"""DAGs on their way to pipelines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from pipec.backends.airflow.reading.plan import Plan, Planner
from pipec.backends.airflow.reading.scope import Text
from pipec.backends.airflow.reading.values import Dag, Task
from pipec.compiler.reading import Item


@dataclass(eq=False)
class Lifted:
    """One task of a DAG that is read."""

    plan: Plan
    text: Text | None = None
    """Of a native task."""
    helper: str = ""
    """The source of a function that a native task calls."""
    step: str = ""
    """What it is called in the result."""
    item: Item | None = None
    """`None` where another task has it already."""


@dataclass(eq=False)
class LiftedDag:
    """One DAG that is read."""

    dag: Dag
    plans: dict[Task, Plan]
    planner: Planner
    tasks: dict[Task, Lifted] = field(default_factory=dict)
    inner: dict[Task, LiftedDag] = field(default_factory=dict)
    """Mapped task groups, by what stands for them."""

    def whole(self) -> Iterator[LiftedDag]:
        """The groups inside, and the DAG itself."""
        for one in self.inner.values():
            yield from one.whole()
        yield self
