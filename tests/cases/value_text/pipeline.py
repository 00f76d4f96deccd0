"""Hostile text: templates, quotes of all kinds, backslashes, newlines, controls, and everything outside ASCII."""

from pipec import pipeline, step

HOSTILE = [
    "{{ ds }} {% raw %} {# c #} {{ '{{' }}",
    "$(whoami) `id` $HOME ${HOME} $$ $$$(HOME) %s %(x)s {0} {x}",
    """it's "quoted" '''thrice''' \\ \\n \\""",
    "line\nbreak\ttab\r\nreturn\x0b\x00\x1b[0m\x7f",
    "{{$.inputs.parameters['x']}} {{inputs.parameters.x}} {{workflow.name}}",
    "- yaml: [no, yes, null, ~, 1e3] # comment",
    "ünïcödé 漢字 👩‍👩‍👧 \u202eright to left \ufeff",
    "</script><b>&amp;",
    " leading and trailing ",
    "",
]


@step
def hostile() -> list[str]:
    return HOSTILE


@step
def echo(text: str, prefix: str = "{{ prefix }} 'quoted' \"twice\" \\") -> str:
    return prefix + text


@pipeline
def value_text(text: str = '{{ ds }} it\'s "quoted" \\ $(x) \n {% raw %}') -> list[object]:
    texts = hostile()
    return [echo(text), [echo(t) for t in texts], echo("{{ constant }} '\"\\\n"), f"{{{{ {text} }}}}", texts]
