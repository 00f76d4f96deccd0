"""Constants."""

LIMIT = 3
GREETING = "  Hello There "
