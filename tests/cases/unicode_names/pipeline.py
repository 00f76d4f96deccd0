"""Names and texts outside ASCII, in the source and at run time."""

from pipec import pipeline, step

GRÜSSE = {"de": "Grüße", "ja": "こんにちは", "emoji": "👋🏽"}


@step
def begrüße(sprache: str) -> str:
    return GRÜSSE[sprache]


@step
def größe(text: str) -> int:
    return len(text)


@pipeline
def unicode_names(sprache: str = "ja") -> dict[str, object]:
    gruß = begrüße(sprache)
    länge = größe(gruß)
    return {"größe": länge, "gruß": gruß, "zeichen": begrüße("emoji")}
