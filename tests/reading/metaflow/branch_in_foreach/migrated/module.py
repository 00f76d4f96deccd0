from pipec import pipeline, step


@step
def start() -> list[int]:
    items = [1, 2, 3]
    return items


@step
def double(item: int):
    result = item * 2
    return result


@step
def triple(item: int):
    result = item * 3
    return result


@step
def both(double_result, triple_result):
    pair = (double_result, triple_result)
    return pair


@pipeline
def branch_in_foreach():
    items = start()
    pairs = []
    for item in items:
        item_result = double(item)
        triple_result = triple(item)
        pair = both(item_result, triple_result)
        pairs.append(pair)
    return {"pairs": pairs}
