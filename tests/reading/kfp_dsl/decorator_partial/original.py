import functools

from kfp import dsl

component = functools.partial(dsl.component, base_image="python:3.12", packages_to_install=["requests>=2"])
light = dsl.component(base_image="alpine:3.20")


@component
def fetch(url: str) -> str:
    import requests

    return requests.get(url).text


@light
def count(text: str) -> int:
    return len(text)


@dsl.pipeline(name="counting")
def counting(url: str = "https://example.com"):
    page = fetch(url=url)
    count(text=page.output)
