"""Reading pipelines of other orchestrators."""
