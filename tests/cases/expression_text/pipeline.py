"""F-strings and methods of `str`."""

from pipec import pipeline, step


@step
def name() -> str:
    return "Ada Lovelace"


@step
def year() -> int:
    return 1815


@pipeline
def expression_text() -> list[object]:
    n = name()
    y = year()
    return [
        f"{n} ({y})",
        f"{n!r:>16}|{y:06d}|{y / 7:.2f}|{{}}",
        f"{n.split()[0].lower()}@{'example'}.org",
        n.upper(),
        n.replace("a", "'"),
        n.startswith("Ada"),
        "-".join(n.split()),
        n.find("L"),
        "%s %d" % (n, y),
        "{} {y}".format(n, y=y),
        n[4:],
        n[::-1],
        n * 2,
    ]
