# PC104
def helper(n: int) -> int:
    return n
