"""Objects of the project's own classes travel, with the functions they hold, to steps that mention none of them."""

import models
from models import Model, Pair, Transform

from pipec import pipeline, step


@step
def make(n: int) -> object:
    kinds = [models.Point(n, 2), models.Color.RED, models.Conditional(), models.Holder[int](n)]
    return [Model().fit(n), Pair(n, models.Point(1, 2)), *kinds]


@step
def hold(n: int) -> object:
    return [Transform(models.shift), Transform(models.double, "twice")]


@step
def look(found: object) -> list:
    model, pair, point, color, conditional, holder = found
    return [model.predict(), pair.b.y, point.x, color.name, conditional.size, holder.value]


@step
def apply(transforms: object, n: int) -> list:
    return [transform.function(n) for transform in transforms]


@pipeline
def code_objects_travel(n: int = 3) -> list:
    transforms = hold(n)
    return [look(make(n)), apply(transforms, n), transforms]
