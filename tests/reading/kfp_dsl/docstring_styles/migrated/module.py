"""Migrated from the compiled pipeline "documented-pipeline"."""

from pipec import pipeline, step


@step(image="python:3.11", cache=True)
def google(rows: int, name: str = "x") -> str:
    """Make a name of rows.

    More about it.

    Args:
        rows (int): How many
            rows there are.
        name: The prefix.

    Returns:
        The name.
    """
    return f"{name}{rows}"


@step(image="python:3.11", cache=True)
def sphinx(rows: int) -> int:
    """Double it.

    :param rows: How many.
    :return: Twice as many.
    """
    return rows * 2


@step(image="python:3.11", cache=True)
def numpy_style(rows: int) -> int:
    """Halve it.

    Parameters
    ----------
    rows : int
        How many.
    """
    return rows // 2


@pipeline(name="documented-pipeline")
def documented_pipeline(rows: int = 4):
    """Names and numbers.

    Args:
        rows: Rows of everything.
    """
    google_result = google(rows=rows)
    sphinx_result = sphinx(rows)
    numpy_style_result = numpy_style(sphinx_result)
