def compute(n):
    return n
