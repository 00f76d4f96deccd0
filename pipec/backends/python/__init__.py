"""Plain Python: the reference that `run` and `verify` hold every orchestrator against."""
