"""Migrated from the compiled pipeline "counting"."""

from pipec import pipeline, step


@step(image="python:3.12", cache=True, packages=["requests>=2"])
def fetch(url: str) -> str:
    import requests

    return requests.get(url).text


@step(image="alpine:3.20", cache=True)
def count(text: str) -> int:
    return len(text)


@pipeline
def counting(url: str = "https://example.com"):
    page = fetch(url)
    count_result = count(page)
