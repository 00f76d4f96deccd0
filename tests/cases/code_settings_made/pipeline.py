"""What imports set for the whole process is set in every task, by whichever module; a library's where it is used."""

import csv
import logging
from decimal import Decimal
from os import environ, getenv

import environment  # noqa: F401  # makes the settings
import numpy as np
import pandas as pd

from pipec import pipeline, step

np.seterr(divide="raise")
pd.set_option("display.precision", 3)


@step
def modes(n: int) -> list:
    return [environ["PIPEC_CASE_MODE"], getenv("PIPEC_CASE_LEVEL"), str(Decimal(n) / 7)]


@step
def limits(n: int) -> list:
    return [n, csv.field_size_limit(), logging.getLogger("pipec.case.part").getEffectiveLevel()]


@step
def divided(n: int) -> str:
    try:
        return str(np.float64(n) / 0)
    except FloatingPointError:
        return "raised"


@pipeline
def code_settings_made(n: int = 3) -> list:
    return [modes(n), limits(n), divided(n)]
