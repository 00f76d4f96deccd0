"""Packages of the cluster: a run on one's own machine leaves the environment as it is, so it installs none of them."""

import importlib.util

from pipec import pipeline, step


@step(packages=["pipec-tests-no-such-package==1.0"])
def installed(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


@pipeline
def settings_packages() -> list[bool]:
    return [installed(name) for name in ("json", "no_such_package")]
