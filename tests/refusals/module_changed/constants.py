RATE = 1


def rate():
    return RATE
