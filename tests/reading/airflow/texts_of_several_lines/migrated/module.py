"""Texts of several lines in functions that move to the top level, and one-line functions."""

from pipec import parallel, pipeline, step

query = "\nSELECT 1\n  FROM t\n"


@step
def build(name: str) -> str:
    text = f"""
SELECT *
    FROM {name}
        """
    return text


@step
def show(text: str, build):
    more = """
          indented
not indented"""
    print(text + more + query + build)
    if text:
        # a comment
        print("end")


@step
def short(n: int): return n + 1


@pipeline
def texts_of_several_lines():
    with parallel():
        text = build("t")
        show(text, build=text)
        short(1)
