from kfp import dsl


@dsl.component
def say(word: str):
    print(word)


@dsl.pipeline(name="loop-order")
def loop_order():
    with dsl.ParallelFor([1, 2]):
        with dsl.ParallelFor(["a", "b"]):
            first = say(word="first")
        between = say(word="second").after(first)
        say(word="third").after(between)
