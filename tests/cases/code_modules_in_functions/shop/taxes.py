RATE = 0.2


def with_tax(price: int) -> int:
    return round(price * (1 + RATE))


def rebate(prices: list[int], percent: int) -> int:
    """What a coupon takes off, from three items on."""
    from shop.orders import Order  # `orders` imports this module

    return Order(prices).total() * percent // 100 if len(prices) > 2 else 0
