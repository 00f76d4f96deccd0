PRICES = (199, 1299, 50, 75)


def first(count: int) -> tuple[int, ...]:
    return PRICES[:count]
