"""Modules found through a change of `sys.path` would go with no step; `[tool.pipec] paths` says where they are."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "lib"))  # PC111
sys.path.append("elsewhere")

import tool

from pipec import pipeline, step


@step
def work(n: int) -> int:
    return tool.twice(n)


@pipeline
def p(n: int = 3) -> int:
    return work(n)
