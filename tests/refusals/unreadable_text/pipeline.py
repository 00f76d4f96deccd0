"""A text file of the project becomes a constant where it can be read when the pipeline is built, and is refused else."""

from pathlib import Path

from pipec import pipeline, step

HERE = Path(__file__).parent  # PC111
MISSING = (HERE / "mising.txt").read_text()  # PC112
FOLDER = (HERE / ".." / "unreadable_text").read_text()  # PC112
OUTSIDE = (HERE.parents[1] / "../.." / "outside.txt").read_text()  # PC112
HIDDEN = open(HERE / ".hidden" / "text.txt").read()  # PC112
LATIN = (HERE / "latin.txt").read_text()  # PC112
UNKNOWN = (HERE / "latin.txt").read_text(encoding="latin-0")  # PC112
NEVER_USED = (HERE / "mising.txt").read_text()
LOCALE = "locale"
DECIDED = (HERE / "latin.txt").read_text(encoding=LOCALE)  # PC112
BYTES = (HERE / "latin.txt").read_bytes()  # no text: HERE goes with no step

with open(HERE / "latin.txt", encoding="locale") as file:  # PC112
    OF_MACHINE = file.read()


def both(text: str = (HERE / "latin.txt").read_text("ascii")) -> str:  # PC112
    return text


@step
def work(n: int) -> list[str]:
    return [MISSING, FOLDER, OUTSIDE, HIDDEN, LATIN, UNKNOWN, DECIDED, OF_MACHINE, both(), str(BYTES)]


@pipeline
def p(n: int = 3) -> list[str]:
    return work(n)


@pipeline
def q(text: str = (HERE / "mising.txt").read_text()) -> list[str]:  # PC110
    return work(text)
