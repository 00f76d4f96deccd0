"""A name keeps its meaning: locals named like what an alias or `module.name` stands for, and builtins hidden elsewhere."""

import others
import tools
from tools import RATE as rate
from tools import max as greatest

from pipec import pipeline, step


def len(items):
    return 42


@step
def local(n: int) -> list:
    scale = tools.scale(n)
    RATE = 5
    return [scale, tools.scale(scale), RATE, rate, [tools.scale(scale) for scale in range(2)]]


@step
def parameter(scale: int) -> list:
    others_scale = others.scale(scale)
    return [tools.scale(scale), others_scale, others.apply(scale)]


@step
def hidden(n: int) -> list:
    return [greatest(n), tools.max(n), max(n, 7), others.largest(n, 8), tools.length([n]), len([n])]


@pipeline
def code_names_hidden(n: int = 3) -> list:
    return [local(n), parameter(n), hidden(n)]
