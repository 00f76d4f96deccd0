"""Translation validation: random pipelines on plain Python and on every target; `python -m tests.fuzz --help`."""
