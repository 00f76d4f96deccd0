"""The tests of pipec."""
