"""Tests of findings: their catalogue, how they are shown, and those about the configuration."""
