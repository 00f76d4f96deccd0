"""Equal behaviour: each case gives the same result, runs and skips the same steps, with the same attempts, everywhere.

Plain Python is the reference; each target runs what was built for it on the orchestrator's own local runner.
"""

from __future__ import annotations

import pytest

from pipec.api import UsageError
from tests.support import warm
from tests.support.discovery import Run, cases, samples
from tests.support.plain import PlainPython
from tests.support.running import Runners, differences, surprises

SAMPLES = list(samples())
COLD = "task_chain"
"""What starts as it would on anybody's machine."""
INSIDE = ("code_", "expression_", "names_", "graph_", "outputs_", "steps_", "task_")
"""Cases about what goes on inside of tasks, and about the shape of graphs, which `test_metaflow_nesting` has more of."""
LARGE = ("batch_inference", "monitoring", "fanout_deep_in_branch")
"""Many tasks, or large libraries in each."""
COMBINED = (
    "artifact_copies", "artifact_empty_folder", "artifact_list_into_blocks", "artifact_same_twice", "branch_merge_list",
    "branch_merge_thrice", "branch_merge_tuple", "branch_return_both", "branch_return_nested",
    "branch_same_condition_twice", "branch_several_after_each_other", "branch_truthiness", "check_raise",
    "collection_rebound", "collection_unread", "effect_after_branch", "fanout_after_inner", "fanout_of_parameter_twice",
    "fanout_over_same", "fanout_results_used", "fanout_several_steps", "fanout_three_deep", "group_hands_on_in_fanout",
    "group_other_module", "loop_carried", "run_values_in_group", "try_message", "try_nested", "try_with_branch",
    "try_with_group",
)  # fmt: skip
"""What other cases have, in other combinations."""
SHAPES = (
    "artifact_", "branch_", "check_", "effect_", "failure_", "fanout_", "group_", "loop_", "parallel_", "retries_", "run_",
    "try_",
)  # fmt: skip
"""Cases about what `kfp.local` does by other means than a server, which `test_kfp_semantics` has: graphs and artifacts."""
RUNS = [run for case in (*SAMPLES, *cases()) for run in case.runs if run.status != "refused"]
REFUSED = [run for case in (*samples(), *cases()) for run in case.runs if run.status == "refused"]


def on(target: str) -> list[object]:
    """The runs on `target`. Those of one orchestrator stay in one process of the test run, where its worker is warm."""
    marks = [] if target == "python" else [pytest.mark.orchestrator]
    if target != "metaflow":  # Metaflow starts a process for every task anyway, so its runs may be anywhere
        marks.append(pytest.mark.xdist_group(f"run-{target}"))
    wanted = [run for run in RUNS if target in (*run.case.targets, "python")]
    return [pytest.param(run, marks=[*marks, *weight(run, target)], id=run.id) for run in wanted]


def weight(run: Run, target: str) -> list[pytest.MarkDecorator]:
    """What is left to `make test-all`, to keep the suite short: it takes seconds each.

    Further parameters; what cases say about the code of steps and the values of expressions, which is the same text and
    Python on all targets (`test_kfp_semantics` runs all of it, in a fraction of the time); what has many tasks, or
    imports large libraries in each; and further combinations, of which `test_fuzz` has others every time.
    """
    name = run.case.name
    if target == "python":
        return [pytest.mark.slow] if run.number > 2 else []
    local = target == "kfp" and run.case not in SAMPLES and not name.startswith(SHAPES) and name != COLD
    inside = name.startswith(INSIDE) and name != COLD
    slow = run.number > 0 or inside or name in (*LARGE, *COMBINED) or local
    return [pytest.mark.slow] if slow else []


def agree(run: Run, target: str, runners: Runners) -> None:
    """The run on `target` does what plain Python does, and what the case says besides.

    One case starts as on anybody's machine; all other runs are forks of a process that has imported the orchestrator.
    """
    module = "" if run.case.name == COLD else warm.RUNNERS.get(target, "")
    reference, ran = runners.reference(run), runners.run(run, target, module)
    found = [*surprises(run, ran), *differences(reference, ran)]
    assert not found, "\n".join([*found, f"on {target}:", ran.outcome.error or "", ran.log])


@pytest.mark.parametrize("run", on("python"))
def test_python(run: Run, runners: Runners, plain: PlainPython) -> None:
    """The reference, against the bare module where that does the same."""
    ran = runners.reference(run)
    assert not surprises(run, ran), "\n".join([*surprises(run, ran), ran.outcome.error or "", ran.log])
    if run.plain == "same":
        bare = plain.run(run)
        assert (ran.outcome.status, ran.outcome.result) == (bare["status"], bare["result"])


@pytest.mark.parametrize("run", on("kfp"))
def test_kfp(run: Run, runners: Runners) -> None:
    agree(run, "kfp", runners)


@pytest.mark.parametrize("run", on("airflow"))
def test_airflow(run: Run, runners: Runners) -> None:
    agree(run, "airflow", runners)


@pytest.mark.parametrize("run", on("metaflow"))
def test_metaflow(run: Run, runners: Runners) -> None:
    agree(run, "metaflow", runners)


@pytest.mark.parametrize("run", REFUSED, ids=lambda run: run.id)
def test_parameters_that_do_not_fit_are_refused(run: Run, runners: Runners) -> None:
    with pytest.raises(UsageError, match=run.error):
        runners.run(run, "python")
