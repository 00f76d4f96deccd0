from kfp import dsl


def make_component():
    @dsl.component
    def shout(text: str) -> str:
        lines = """
a text at the margin keeps the SDK from dedenting
"""
        return text.upper() + lines

    return shout


shout = make_component()


@dsl.pipeline(name="margin")
def margin():
    shout(text="hi")
