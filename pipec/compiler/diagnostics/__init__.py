"""What is wrong, lossy or risky, told with a place: findings, and the report that collects them."""

from pipec.compiler.diagnostics.finding import FINDINGS, Finding, Label, Severity
from pipec.compiler.diagnostics.report import Report

__all__ = ["FINDINGS", "Finding", "Label", "Report", "Severity"]
