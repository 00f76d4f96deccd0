"""Functions whose names are also those of builtins, and of locals elsewhere."""


def scale(n):
    return 2 * n


def max(n):
    return f"largest {n}"


def length(items):
    return len(items)


RATE = 3
