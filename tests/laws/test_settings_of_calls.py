"""Settings that differ between calls of a step are those that an argument gives, or none are found."""

from __future__ import annotations

import ast
from typing import Any

import pytest

from pipec.compiler.reading import Asked, constants, policy_of, settings_of
from pipec.ir import Accelerator, Cache, Placement, Resources, SecretRef, TaskPolicy


def policy(**values: Any) -> TaskPolicy:
    return TaskPolicy(**values)


def memory(size: int | None) -> TaskPolicy:
    return policy(resources=Resources(memory=size))


def placed(**values: Any) -> TaskPolicy:
    return policy(placement=Placement(**values))


def native(name: str) -> TaskPolicy:
    return policy(extensions={"kfp": {"pvcMount": [{"pvcName": name, "mountPath": "/data"}]}})


def secret(name: str) -> TaskPolicy:
    return policy(secrets={"TOKEN": SecretRef(name=name, key="key")})


OF_RUN = policy(arguments={"memory": "memory"})
CALLS: list[tuple[list[tuple[TaskPolicy, dict[str, Any]]], dict[str, str] | None]] = [
    ([(memory(2**30), {"m": "1Gi"}), (memory(2 * 10**9), {"m": "2GB"}), (memory(None), {"m": None})], {"memory": 'Argument("m")'}),
    ([(memory(2**30), {"other": "1Gi", "memory": "1Gi"}), (memory(2**31), {"other": "2Gi", "memory": "2Gi"})], {"memory": 'Argument("memory")'}),
    ([(memory(2**30), {"m": "1Gi"}), (memory(2**31), {"m": "1Gi"})], None),
    ([(memory(2**30), {"m": "1Gi"}), (memory(2**31), {})], None),
    ([(memory(2**30), {"m": "much"}), (memory(2**31), {"m": "more"})], None),
    ([(memory(2**30), {"memory": "1Gi"}), (OF_RUN, {})], {"memory": 'Argument("memory")'}),
    ([(memory(2**30), {"m": "1Gi"}), (OF_RUN, {})], None),
    ([(OF_RUN, {}), (OF_RUN, {})], {"memory": 'Argument("memory")'}),
    ([(policy(resources=Resources(cpu=500)), {"c": 0.5}), (policy(resources=Resources(cpu=2000)), {"c": "2"})], {"cpu": 'Argument("c")'}),
    ([(policy(timeout=60), {"t": "1m"}), (policy(timeout=3600), {"t": "1h"})], {"timeout": 'Argument("t")'}),
    ([(policy(env={"A": "1", "B": "x"}), {"a": 1}), (policy(env={"A": "2", "B": "x"}), {"a": 2})], {"env": '{"B": "x", "A": Argument("a")}'}),
    ([(policy(env={"A": "1"}), {"env": {"A": 1}}), (policy(), {"env": None})], {"env": 'Argument("env")'}),
    ([(secret("one"), {"s": "one"}), (secret("two"), {"s": "two"})], {"secrets": '{"TOKEN": Secret(Argument("s"), key="key")}'}),
    ([(placed(priority=1), {"p": 1}), (placed(priority=2), {"p": 2})], {"priority": 'Argument("p")'}),
    ([(placed(priority=1), {"p": True}), (placed(priority=2), {"p": 2})], None),
    ([(placed(labels={"a": "x"}), {"p": "x"}), (placed(labels={"a": "y"}), {"p": "y"})], {"labels": '{"a": Argument("p")}'}),
    ([(placed(tolerations=({"key": "a"},)), {"t": [{"key": "a"}]}), (placed(), {"t": []})], {"tolerations": 'Argument("t")'}),
    ([(placed(tolerations=({"key": "a"}, {"key": "b"})), {"t": "b"}), (placed(tolerations=({"key": "a"}, {"key": "c"})), {"t": "c"})], {"tolerations": '[{"key": "a"}, {"key": Argument("t")}]'}),
    ([(native("one"), {"p": "one"}), (native("two"), {"p": "two"})], {"targets": '{"kfp": {"pvcMount": [{"pvcName": Argument("p"), "mountPath": "/data"}]}}'}),
    ([(policy(accelerator=Accelerator(name="a100", count=2)), {"g": "A100:2"}), (policy(), {"g": 0})], {"gpu": 'Argument("g")'}),
    ([(policy(accelerator=Accelerator(count=2)), {"n": 2}), (policy(accelerator=Accelerator(count=4)), {"n": 4})], {"gpu": 'Argument("n")'}),
    ([(policy(accelerator=Accelerator(name="a100", count=2)), {"n": 2}), (policy(accelerator=Accelerator(name="a100", count=4)), {"n": 4})], {"gpu": 'GPU(name="a100", count=Argument("n"))'}),
    ([(policy(cache=Cache(ttl=60)), {"c": "1m"}), (policy(cache=Cache(ttl=3600)), {"c": "1h"})], None),
]  # fmt: skip


@pytest.mark.parametrize(("calls", "settings"), CALLS)
def test_settings(calls: list[tuple[TaskPolicy, dict[str, Any]]], settings: dict[str, str] | None) -> None:
    for order in (calls, calls[::-1]):
        found = policy_of([Asked(*call) for call in order])
        assert (None if found is None else settings_of(found)) == settings


@pytest.mark.parametrize(
    ("call", "found"),
    [
        ("f(1)", {"a": 1, "b": 2, "d": "x"}),
        ("f(n, b=[1, {'k': None}], c=5)", {"b": [1, {"k": None}], "c": 5, "d": "x"}),
        ("f(1, c=-2, d=n)", {"a": 1, "b": 2, "c": -2}),
        ("f(*xs)", {}),
        ("f(1, **more)", {}),
    ],
)
def test_constants(call: str, found: dict[str, Any]) -> None:
    (function,) = ast.parse("def f(a, b=2, *, c, d='x', e=SIZE): ...").body
    made = ast.parse(call, mode="eval").body
    assert isinstance(function, ast.FunctionDef) and isinstance(made, ast.Call)
    assert constants(function, made) == found
