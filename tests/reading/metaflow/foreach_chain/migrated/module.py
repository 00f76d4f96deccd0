from types import SimpleNamespace

from pipec import pipeline, step


@step
def start() -> tuple[int, list[str]]:
    base = 100
    words = ["one", "three", "five"]
    return base, words


@step
def measure(word: str, position: int) -> int:
    length = len(word)
    return length


@step
def shift(length: int, base: int):
    shifted = length + base
    return shifted


@step
def collect(bases, shifteds, words, positions) -> tuple[object, object, object, int]:
    inputs = [
        SimpleNamespace(base=base, shifted=shifted, word=word, position=position)
        for base, shifted, word, position in zip(bases, shifteds, words, positions)
    ]
    table = [(i.word, i.position, i.shifted) for i in inputs]
    base = inputs[0].base
    first = inputs[0].shifted
    count = len(list(inputs))
    return table, base, first, count


@step
def end(table):
    for row in table:
        print(row)


@pipeline
def chain():
    """Several steps for each item, with their index."""
    base, words = start()
    bases = []
    shifteds = []
    positions = []
    for position, word in enumerate(words):
        length = measure(word, position)
        shifted = shift(length, base)
        bases.append(base)
        shifteds.append(shifted)
        positions.append(position)
    table, base, first, count = collect(bases, shifteds, words, positions)
    end(table)
    return {"table": table, "base": base, "first": first, "count": count}
