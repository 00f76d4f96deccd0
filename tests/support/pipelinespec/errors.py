"""What can go wrong before and beside the user's own code."""

from __future__ import annotations


class Refused(Exception):
    """The API server, or Argo's validation, does not take the pipeline."""


class DriverError(Exception):
    """A driver or the launcher fails: so does the task, whatever the user's code would have done."""
