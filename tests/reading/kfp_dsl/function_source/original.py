from kfp import dsl


def make_components():
    @dsl.component(
        base_image="python:3.11",
    )
    # a comment between the decorator and its function
    def indented(text: str) -> str:
        # inside
        lines = """
            a text
        """

        def inner(value):
            return value.upper()

        return inner(text) + lines
        # the last comment

    return indented


shout = make_components()


@dsl.component
def one_line(n: int) -> int: return n + 1


@dsl.component
def many_lines(
    first: str,  # the first
    second: str = "def not a function",
) -> str:

    return first + second
    # trailing

# outside


@dsl.pipeline(name="sources")
def sources():
    shout(text="hi")
    one_line(n=1)
    many_lines(first="a")
