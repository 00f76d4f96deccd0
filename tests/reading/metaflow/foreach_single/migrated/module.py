from pipec import pipeline, step


@step
def start() -> list[int]:
    items = list(range(4))
    return items


@step
def square(item: int):
    squared = item**2
    return squared


@step
def add_up(squareds):
    total = sum(squared for squared in squareds)
    return total


@pipeline
def square_flow():
    items = start()
    squareds = [square(item) for item in items]
    total = add_up(squareds)
    return {"total": total}
