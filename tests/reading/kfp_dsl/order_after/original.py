from kfp import dsl


@dsl.component
def step(name: str):
    print(name)


@dsl.pipeline(name="ordered")
def ordered():
    a = step(name="a")
    b = step(name="b").after(a)
    c = step(name="c")
    c.after(a, b)
    d = step(name="d").after(c).set_display_name("The last one")
    step(name="e").after(d, b)
