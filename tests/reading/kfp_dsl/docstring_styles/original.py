from kfp import dsl


@dsl.component
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


@dsl.component
def sphinx(rows: int) -> int:
    """Double it.

    :param rows: How many.
    :return: Twice as many.
    """
    return rows * 2


@dsl.component
def numpy_style(rows: int) -> int:
    """Halve it.

    Parameters
    ----------
    rows : int
        How many.
    """
    return rows // 2


@dsl.pipeline
def documented_pipeline(rows: int = 4):
    """Names and numbers.

    Args:
        rows: Rows of everything.
    """
    google(rows=rows)
    numpy_style(rows=sphinx(rows=rows).output)
