"""Uses a builtin that another module hides for itself."""


def scale(n):
    return -n


def largest(*numbers):
    return max(numbers)


def apply(n):
    others_scale = 100
    return scale(n) + others_scale
