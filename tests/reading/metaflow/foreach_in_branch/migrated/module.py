from pipec import parallel, pipeline, step


@step
def start() -> int:
    size = 3
    return size


@step
def fan(size: int) -> list[int]:
    parts = list(range(size))
    return parts


@step
def part(part: int) -> str:
    piece = "p" + str(part)
    return piece


@step
def pieces(pieces) -> str:
    text = "-".join(piece for piece in pieces)
    return text


@step
def alone() -> str:
    text = "alone"
    return text


@step
def join(pieces_text: str, alone_text: str):
    texts = [pieces_text, alone_text]
    return texts


@step
def end(texts):
    print(texts)


@pipeline
def foreach_in_branch():
    size = start()
    parts = fan(size)
    part_pieces = [part(part_2) for part_2 in parts]
    pieces_text = pieces(part_pieces)
    with parallel(after=(size,)):
        alone_text = alone()
    texts = join(pieces_text, alone_text)
    end(texts)
    return {"texts": texts}
