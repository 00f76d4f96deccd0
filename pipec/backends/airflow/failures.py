"""Checks and sensors, and what a task hands on that has failed for good in a `try`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.backends.airflow.settings import duration
from pipec.backends.airflow.values import ERROR, Bound, Spec
from pipec.compiler.pysource.negate import negated_text
from pipec.compiler.pysource.text import double_quoted
from pipec.compiler.rendering import python_literal as py
from pipec.ir import Check, Const, RunValue, Wait, uses
from pipec.ir.literals import value_of

if TYPE_CHECKING:
    from pipec.backends.airflow.lower import Lowering, Scope
    from pipec.backends.airflow.wrapper import Wrapper

SHORT = 60.0
"""Seconds between two looks under which a sensor keeps its worker: rescheduling would cost more."""

FOREVER = "timedelta(days=36500)"
"""Where no limit is asked for: Airflow's default is a week."""

TEMPLATES = {
    "id": "{{ run_id }}",
    "name": "{{ dag.dag_id }}/{{ run_id }}",
    "date": "{{ (dag_run.logical_date or dag_run.run_after) | ds }}",
}
"""What of a run is the same for all its tasks, and text: Airflow renders it exactly."""

ATTEMPT = 'get_current_context()["ti"].try_number'


def run_value(low: Lowering, node: RunValue) -> None:
    """Bind a value of the run; no task is needed for it."""
    template = TEMPLATES.get(node.what)
    low.env[node.output] = Bound(template=template) if template else Bound(inline=ATTEMPT)


def check(low: Lowering, node: Check, scope: Scope) -> None:
    """A task that fails the run; nothing that Airflow retries."""
    from pipec.backends.airflow.branches import guard_of

    exprs = [node.condition, *([node.message] if node.message is not None else [])]
    taken = low.wrapper(scope, guard_of(low, exprs, scope))
    taken.lines += _failing(taken, node)
    spec = Spec(result="None", caught=node.caught is not None)
    name = low.ids.fresh(_looked_at(node)) if node.source else node.id
    function = taken.made(name, spec, exprs)
    made = low.new(name, function, scope, f"{name}_outputs" if node.caught else f"{name}_done")
    low.fill(made, taken)
    if node.caught is not None:
        low.env[node.caught] = Bound(made, ERROR)


def _failing(taken: Wrapper, node: Check) -> list[str]:
    """The statement, as Airflow would have it."""
    condition = taken.source(node.condition)
    message = py("" if node.caught else node.source) if node.message is None else taken.source(node.message)
    failing = f"raise AirflowFailException({message})"
    if not isinstance(node.condition, Const):
        return [f"if {double_quoted(negated_text(condition))}:", f"    {failing}"]
    return ["pass"] if value_of(node.condition.source) else [failing]


def _looked_at(node: Check) -> str:
    """What to call a check of the source: after the value that is looked at."""
    looked_at = next(iter(uses(node.condition)), "")
    return f"check_{looked_at}" if looked_at else "fail"


def wait(low: Lowering, node: Wait, scope: Scope) -> None:
    """A sensor on an object store, or the files of the workers."""
    from pipec.backends.airflow.branches import guard_of

    taken = low.wrapper(scope, guard_of(low, [node.uri], scope))
    uri = taken.source(node.uri)
    if node.timeout is None:
        taken.lines.append(f"return ObjectStoragePath({uri}).exists()")
    else:
        taken.lines.append(f"return {low.functions.helper('arrived')}({uri})")
    options = {
        "poke_interval": duration(node.every),
        "timeout": FOREVER if node.timeout is None else duration(node.timeout),
        "mode": '"poke"' if node.every < SHORT else '"reschedule"',
    }
    name = node.id
    function = taken.sensor(name, [node.uri], options, node.caught is not None)
    made = low.new(name, function, scope, f"{name}_error" if node.caught else f"{name}_done")
    low.fill(made, taken)
    if node.caught is not None:
        low.env[node.caught] = Bound(made)
