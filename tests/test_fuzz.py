"""Translation validation: the same seeded modules every time; `make fuzz` goes on with others."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.campaign import Campaign
from tests.fuzz.shrink import shrink
from tests.support.generator import LANGUAGE, LAWS, chosen, seeded
from tests.support.generator.features import FEATURES
from tests.support.running import Runners

SEED = 2026
COUNT = {"kfp": 40, "airflow": 12, "metaflow": 12}
ADDRESSES = {"kfp": 10, "airflow": 5}
"""Targets whose stores have addresses."""
SIZE = {"kfp": 6, "airflow": 4, "metaflow": 5}
"""Statements of a module: an orchestrator takes its time for every task."""


@pytest.mark.orchestrator
@pytest.mark.parametrize("target", [pytest.param(t, marks=pytest.mark.xdist_group(f"run-{t}")) for t in COUNT])
def test_random_modules_do_what_plain_python_does(target: str, tmp_path: Path, runners: Runners) -> None:
    campaign = Campaign(SEED, [target], LANGUAGE, SIZE[target], shrink_seconds=0)
    # Airflow takes its time to start; of the others there are faster processes than those of the suite
    lent = {"airflow": runners.worker("airflow")} if target == "airflow" else {}
    campaign.run(range(COUNT[target]), tmp_path, lent)
    assert not campaign.disagreements, "\n\n".join(one.text() for one in campaign.disagreements)
    assert len(campaign.verdicts[target]) == COUNT[target], "what is generated is in the language"
    refused = [v for v in campaign.verdicts[target] if v.status == "refused"]
    assert all(v.kind == "PC401" and f"{target} has no" in v.words[0] for v in refused), refused
    assert len(refused) <= COUNT[target] / 4, refused


@pytest.mark.orchestrator
@pytest.mark.parametrize("target", [pytest.param(t, marks=pytest.mark.xdist_group(f"run-{t}")) for t in ADDRESSES])
def test_addresses_name_the_files_wherever_these_come_from(target: str, tmp_path: Path, runners: Runners) -> None:
    features = chosen("files,addresses,branches,loops")
    campaign = Campaign(SEED, [target], features, SIZE[target], shrink_seconds=0)
    lent = {"airflow": runners.worker("airflow")} if target == "airflow" else {}
    campaign.run(range(ADDRESSES[target]), tmp_path, lent)
    assert not campaign.disagreements, "\n\n".join(one.text() for one in campaign.disagreements)
    assert [v.status for v in campaign.verdicts[target]] == ["agreed"] * ADDRESSES[target]


def test_every_module_can_be_had_again() -> None:
    assert seeded(1, 3) == seeded(1, 3) != seeded(1, 4)
    assert seeded(1, 3, LANGUAGE - {"loops"}) != seeded(1, 3)


@pytest.mark.parametrize("feature", sorted(FEATURES))
def test_every_feature_is_a_switch(feature: str) -> None:
    """Each alone gives modules that Python takes."""
    for number in range(5):
        compile(seeded(1, number, frozenset((feature,)), 8), feature, "exec")


def test_features_are_chosen_by_name() -> None:
    assert chosen("loops, groups") == {"loops", "groups"}
    assert chosen("laws,-loops,+waits") == LAWS - {"loops"} | {"waits"}
    with pytest.raises(ValueError, match="no feature 'lops'"):
        chosen("lops")


def test_a_disagreement_becomes_small() -> None:
    """All that is left is what the check wants."""
    small = shrink(seeded(1, 0), lambda text: "noisy(" in text.partition("def main")[2], 20)
    assert len(small.partition("def main")[2].splitlines()) <= 3
