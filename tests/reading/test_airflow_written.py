"""What is written for a DAG that was read: its groups, and an order that a person would write."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipec.backends.airflow.reading import layout
from pipec.compiler.reading import render
from tests.reading.test_airflow import built, module_of, read_text

HEAD = """
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, TaskGroup

def empty(*ids):
    return [EmptyOperator(task_id=i) for i in ids]

with DAG("one", schedule=None) as dag:
"""


def dag(body: str) -> str:
    return HEAD + "".join(f"    {line}\n" for line in body.strip().split("\n"))


def dag_file(body: str, folder: Path) -> str:
    """The body of the DAG that is written back."""
    text = built(module_of(dag(body)), folder, "airflow")["one"]
    return text[text.index("with DAG(") :]


NESTED = """
[start] = empty("start")
with TaskGroup("outer") as outer:
    [a] = empty("a")
    with TaskGroup("inner"):
        b = BashOperator.partial(task_id="b").expand(bash_command=["echo 1"])
        [c] = empty("c")
    a >> [b, c]
    d = BashOperator(task_id="d", bash_command="echo {{ ti.xcom_pull(key='x') }}")
    c >> d
start >> outer
"""
GROUPS = """
    with TaskGroup("outer"):
        a_done = a()

        with TaskGroup("inner"):
            b = BashOperator.partial(task_id="b").expand(bash_command=["echo 1"])
            c_done = c()

        d = BashOperator(task_id="d", bash_command="echo {{ ti.xcom_pull(key='x') }}")
"""
BETWEEN = """
with TaskGroup("g"):
    [a] = empty("a")
[x] = empty("x")
with TaskGroup("h"):
    [y] = empty("y")
c = EmptyOperator(task_id="g.c")
a >> x >> y >> c
"""


def test_groups_are_groups_again(tmp_path: Path) -> None:
    assert GROUPS in dag_file(NESTED, tmp_path)


def test_a_group_with_something_between_stands_in_line(tmp_path: Path) -> None:
    text = dag_file(BETWEEN, tmp_path)
    assert 'TaskGroup("g")' not in text
    assert '    with TaskGroup("h"):\n        y_done = y()\n' in text


def test_what_a_group_says_for_people_is_named() -> None:
    text = dag('with TaskGroup("g", tooltip="A group", prefix_group_id=False):\n    empty("a")')
    _, findings = read_text(text)
    [message] = [f.message for f in findings]
    assert message == (
        "`g` was adapted: its tasks stand in line, and nothing is left of it; of the group itself `tooltip` is left out"
    )


def nodes(ups: list[list[int]]) -> list[layout.Node]:
    return [layout.Node(i, f"t{i}()", f"r{i}", set(up)) for i, up in enumerate(ups)]


def lines(ups: list[list[int]]) -> list[str]:
    """The statements for a graph, those in blocks indented."""
    found: list[str] = []

    def walk(statements: object, indent: int) -> None:
        for one in statements:  # type: ignore[attr-defined]
            found.append(" " * indent + (one.source if hasattr(one, "source") else one.header))
            walk(getattr(one, "body", ()), indent + 1)

    walk(layout.body(nodes(ups), False).statements, 0)
    return found


@pytest.mark.parametrize(
    ("ups", "expected"),
    [
        ([[], [0], [1]], ["t0()", "t1()", "t2()"]),
        (
            [[], [], [0, 1], [0, 1], [2, 3]],
            ["with parallel():", " t0()", " t1()", "with parallel():", " t2()", " t3()", "t4()"],
        ),
        ([[], [0], [0, 1]], ["r0 = t0()", "t1()", "with parallel(after=r0):", " t2()"]),
        (
            [[], [], [0], [0, 1]],
            [
                "with parallel():", " r0 = t0()", " r1 = t1()", " with parallel(after=r0):", "  t2()",
                " with parallel(after=(r0, r1)):", "  t3()",
            ],
        ),
    ],
)  # fmt: skip
def test_order_as_a_person_would_write_it(ups: list[list[int]], expected: list[str]) -> None:
    assert lines(ups) == expected


START = "start_date=datetime(2024, 1, 1)"
CAUGHT = 'Cron("@daily", start="2024-01-01", catchup=True)'


@pytest.mark.parametrize(
    ("given", "later", "schedule", "lost"),
    [
        (f'schedule="@daily", {START}, catchup=True', "", CAUGHT, []),
        (f'schedule="@daily", {START}, catchup=1', "", CAUGHT, []),
        (f'schedule="@daily", {START}', "dag.catchup = True", CAUGHT, []),
        (f'schedule="@daily", {START}, catchup=False', "", '"@daily"', []),
        (f'schedule="@daily", {START}, catchup=None', "", '"@daily"', []),
        (f'schedule="@daily", {START}, catchup=conf.getboolean("a", "b")', "", '"@daily"', ["catchup"]),
        (f"schedule=timedelta(hours=2), {START}, catchup=True", "", 'Every("2h")', ["catchup", "start_date"]),
        ("schedule=timedelta(hours=2), catchup=False", "", 'Every("2h")', []),
        ("schedule=None", 'dag.schedule = "@daily"', "", ["schedule"]),
    ],
)
def test_catchup_is_kept_or_named(given: str, later: str, schedule: str, lost: list[str]) -> None:
    text = (
        "from datetime import datetime, timedelta\n\nfrom airflow.configuration import conf\n"
        f'from airflow.sdk import DAG, task\n\n\n@task\ndef f():\n    return 1\n\n\nwith DAG("d", {given}) as dag:\n'
        f"    f()\n    {later}\n"
    )
    outcome, findings = read_text(text)
    assert outcome.module is not None
    assert (f"schedule={schedule})" if schedule else "@pipeline\n") in render(outcome.module)
    named = [f.message for f in findings if f.code == "PC505"]
    assert len(named) == len(lost) and all(any(f"`{name}`" in m for m in named) for name in lost), named


CIRCUITS = """
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.python import ShortCircuitOperator
from airflow.sdk import DAG, chain, task

@task.short_circuit
def is_ready(wanted):
    return wanted > 2

with DAG("one", schedule=None) as dag:
    ready = is_ready(3)
    never = ShortCircuitOperator(task_id="never", python_callable=lambda: False)
    chain(ready, *[EmptyOperator(task_id=f"true_{i}") for i in [1, 2]])
    chain(never, *[EmptyOperator(task_id=f"false_{i}") for i in [1, 2]])
"""


def test_short_circuits_come_back_as_they_were(tmp_path: Path) -> None:
    """The step that decides is the task that short-circuits: no other task chooses, and none joins what nobody joins."""
    text = built(module_of(CIRCUITS), tmp_path, "airflow")["one"]
    assert text.count("@task.short_circuit\n") == 2
    body = text[text.index("with DAG(") :]
    calls = [line.strip().partition(" = ")[2] for line in body.splitlines() if " = " in line]
    assert sorted(calls) == ["false_1()", "false_2()", "is_ready(3)", "never()", "true_1()", "true_2()"]
    assert "ready >> true_1_done >> true_2_done\n" in body
    assert "never_result >> false_1_done >> false_2_done\n" in body
