"""Text files beside the modules are part of them: what is read by a path made of `__file__` is a constant."""

import json
import os
from pathlib import Path

from wording import GREETING, signed

from pipec import Cache, pipeline, step

HERE = Path(__file__).resolve().parent
QUERY = (HERE / "queries" / "top.sql").read_text(encoding="utf-8")  # the query as it is kept for other tools
VERSION = Path(__file__).with_name("version.txt").read_text().strip()
LATIN = open(os.path.join(os.path.dirname(__file__), "latin.csv"), encoding="latin-1", newline="").read()
LINES = (HERE / "latin.csv").read_text("latin-1").split("\n")
SETTINGS = json.load(open(HERE / "settings.json", encoding="utf-8"))

with open(HERE / "settings.json", encoding="utf-8") as file:
    LIMITS: dict = json.load(file)["limits"]
with (HERE / "odd.txt").open(encoding="utf-8") as file:  # a comment at its head
    # and one below
    ODD = file.read()


class Templates:
    """Texts in a class, too."""

    row: str = Path(__file__).parent.joinpath("queries", "row.txt").read_text()
    long: str = (
        Path(os.path.realpath(os.path.dirname(os.path.abspath(__file__)))).parent.joinpath(
            "code_text_files", "version.txt"
        )
    ).read_text(encoding="utf-8")


def query_of(table: str, text: str = (HERE / "queries" / "top.sql").read_text()) -> str:
    """The query for one table."""
    return text.format(table=table, limit=LIMITS["rows"])


@step(cache=Cache(version=VERSION))
def ask(table: str) -> str:
    return query_of(table)


@step
def show(sql: str) -> list[object]:
    text = (HERE / "queries" / "row.txt").read_text()
    return [text == Templates.row, SETTINGS["name"], sql.count("\n"), QUERY.count("\n"), VERSION]


@step
def exact() -> list[str]:
    return [LATIN, *LINES, ODD]


@step
def greet(name: str, template: str) -> str:
    return signed(template.format(name=name))


@pipeline
def code_text_files(name: str = "Zoë", template: str = GREETING) -> list[object]:
    return [show(ask("films")), exact(), greet(name, template), greet(name, VERSION)]
