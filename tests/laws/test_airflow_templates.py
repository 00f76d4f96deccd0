"""Texts that stand as they are in an argument which Airflow renders are what Jinja makes of them."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st
from jinja2.sandbox import SandboxedEnvironment

from pipec.backends.airflow.pods import text as argument_of_pod
from pipec.backends.airflow.values import plain

TEXTS = st.text(alphabet=st.sampled_from(list("ab{}%#$\\'\" \n\r\t\x0b\x85\u2028")), max_size=20)
ENVIRONMENT = SandboxedEnvironment(cache_size=0)
"""As Airflow makes it for a DAG that says nothing of its own."""


@given(TEXTS)
@example("a\n")
@example("a\r\nb")
def test_texts_are_what_is_rendered(text: str) -> None:
    """Of constant arguments of tasks, and in pods."""
    rendered = plain(text) or not argument_of_pod(text).startswith("literal(")
    if rendered:
        assert ENVIRONMENT.from_string(text).render() == text


def test_line_ends_that_are_not_kept() -> None:
    for text in ("a\n", "a\n\n", "a\r\nb", "a\rb"):
        assert not plain(text) and not plain([text]) and not plain({"k": text}), text
        assert argument_of_pod(text).startswith("literal("), text
    assert plain("a\nb") and not argument_of_pod("a\nb").startswith("literal(")
