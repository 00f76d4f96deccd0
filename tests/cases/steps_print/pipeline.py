"""What steps print is shown, and changes nothing; reading the standard input gives end of file."""

import sys

from pipec import pipeline, step


@step
def talk(n: int) -> int:
    print("hello from talk", n)
    print("an error line: ünï", file=sys.stderr)
    return n + len(sys.stdin.read())


@pipeline
def steps_print(n: int = 2) -> int:
    return talk(n)
