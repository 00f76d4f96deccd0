"""What pipec refuses of labels, tolerations, names and images, and what it lets pass: Kubernetes' own rules."""

from __future__ import annotations

import pytest

from pipec.compiler.backend.kubernetes import IMAGE, problems
from pipec.ir import Accelerator, Placement, SecretRef, TaskPolicy

LABELS = [
    ("team", "ml", True),
    ("app.kubernetes.io/name", "", True),
    ("a" * 63, "b" * 63, True),
    ("A_b.c-D", "1.0_x", True),
    ("a" * 64, "b", False),
    ("a", "b" * 64, False),
    ("", "b", False),
    ("/a", "b", False),
    ("a/", "b", False),
    ("a/b/c", "d", False),
    ("a", "b c", False),
    ("a", "-b", False),
    ("größe", "b", False),
    ("a", "b\n", False),
    ("A.com/b", "c", False),
    ("x" * 254 + "/b", "c", False),
]


@pytest.mark.parametrize(("key", "value", "fine"), LABELS)
@pytest.mark.parametrize("setting", ["labels", "node_selector"])
def test_labels(key: str, value: str, fine: bool, setting: str) -> None:
    found = list(problems(TaskPolicy(placement=Placement(**{setting: {key: value}}))))
    assert (not found) is fine and all(name == setting for name, _ in found)


def test_values_of_annotations_may_be_anything_that_is_not_too_large() -> None:
    assert not list(problems(TaskPolicy(placement=Placement(annotations={"note": "any text\n{}"}))))
    assert list(problems(TaskPolicy(placement=Placement(annotations={"note": "x" * 300_000}))))


TOLERATIONS: list[tuple[dict[str, object], bool]] = [
    ({"operator": "Exists"}, True),
    ({"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}, True),
    ({"key": "spot", "value": "true"}, True),
    ({"key": "spot", "operator": "Equal", "value": "true", "effect": "NoExecute", "tolerationSeconds": 60}, True),
    ({}, False),
    ({"value": "x"}, False),
    ({"key": "spot", "operator": "Exists", "value": "true"}, False),
    ({"key": "spot", "operator": "In"}, False),
    ({"key": "spot", "effect": "noexecute"}, False),
    ({"key": "spot", "effect": "NoExecute", "tolerationSeconds": "60"}, False),
    ({"key": "spot", "tolerationSeconds": 60}, False),
    ({"key": "s pot"}, False),
    ({"key": 5}, False),
    ({"key": "spot", "seconds": 5}, False),
]


@pytest.mark.parametrize(("given", "fine"), TOLERATIONS)
def test_tolerations(given: dict[str, object], fine: bool) -> None:
    assert (not list(problems(TaskPolicy(placement=Placement(tolerations=(given,)))))) is fine


def test_what_the_catalogue_says_of_a_device_counts_too() -> None:
    gpu = Accelerator(name="a100", node_selector={"cloud": "no value"})
    assert [name for name, _ in problems(TaskPolicy(accelerator=gpu))] == ["gpu"]


@pytest.mark.parametrize(
    ("name", "key", "fine"),
    [
        ("hub", "token", True),
        ("hub.v1", "..data", False),
        ("Hub", "token", False),
        ("hub_token", "token", False),
        ("hub", "a b", False),
        ("hub", "..", False),
        ("hub", ".a_B-1", True),
    ],
)
def test_secrets(name: str, key: str, fine: bool) -> None:
    assert (not list(problems(TaskPolicy(secrets={"TOKEN": SecretRef(name=name, key=key)})))) is fine


def test_what_only_the_run_knows_is_not_judged() -> None:
    policy = TaskPolicy(
        secrets={"TOKEN": SecretRef(name="the_parameter", key="token")},
        arguments={"secrets.TOKEN.name": "the_parameter"},
    )
    assert not list(problems(policy))


DIGEST = "sha256:" + "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("image", "fine"),
    [
        ("python", True),
        ("python:3.12-slim", True),
        ("localhost:5000/a/b:1", True),
        ("ghcr.io/team/train__x:v1.2_3", True),
        (f"gcr.io/a/b@{DIGEST}", True),
        (f"gcr.io/a/b:1@{DIGEST}", True),
        ("REGISTRY/a", True),  # with a capital letter, it is a host
        ("[::1]:5000/a", True),
        ("Python", False),
        ("a//b", False),
        ("a:", False),
        ("a:b:c", False),
        ("https://a/b", False),
        (" a", False),
        ("a\n", False),
        ("a@sha256:12", False),
        ("${REGISTRY}/a", False),
        ("a/b:" + "t" * 129, False),
    ],
)
def test_images(image: str, fine: bool) -> None:
    assert (IMAGE.fullmatch(image) is not None) is fine
