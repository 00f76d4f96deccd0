def names(count):
    return [f"model-{number}" for number in range(count)]
