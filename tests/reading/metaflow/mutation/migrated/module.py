import random
from copy import deepcopy

from pipec import parallel, pipeline, step


@step
def start() -> tuple[list[int], dict[str, list[int]], object]:
    items = [3, 1, 2]
    table = {"a": [1]}
    log = []
    return items, table, log


@step
def change(items: list[int], table: dict[str, list[int]], log) -> tuple[object, object, object]:
    items.sort()
    table["b"] = [2]
    log.append("changed")
    return items, table, log


@step
def left(items, table) -> tuple[object, object, object]:
    items = deepcopy(items)
    items.append(9)
    table["a"].append(5)
    self_sum = sum(items)
    return self_sum, items, table


@step
def right(items):
    items = deepcopy(items)
    items.reverse()
    first = items[0]
    random.Random(1).shuffle(items)
    return first


@step
def end(total, left_items):
    total += 1
    print(left_items)
    return total


@pipeline
def mutation():
    """Artifacts that steps change in place."""
    items, table, log = start()
    items, table, log = change(items, table, log)
    left_sum, left_items, table = left(items, table)
    first = right(items)
    with parallel(after=(first,)):
        total = end(left_sum, left_items)
    return {"left_items": left_items, "right_first": first, "table": table, "log": log, "total": total}
