"""Migrated from the compiled pipeline "order-uncached"."""

from pipec import pipeline, step


@step(image="python:3.11")
def show(text: str):
    print(text)


@pipeline(name="order-uncached")
def order_uncached():
    show("a")
    show("b")
    show("c")
