"""Pipelines are ordinary functions, and so are their steps."""

from pipeline import fit, training


def test_fit_finds_the_line():
    assert fit([[0.0, 1.0], [1.0, 3.0], [2.0, 5.0]], ridge=0.0) == [2.0, 1.0]


def test_bad_fits_are_not_published():
    assert training(noise=50.0) is None
