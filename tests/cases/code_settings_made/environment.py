"""Settings of the process, made where they are imported."""

import csv
import logging
import os
from decimal import getcontext

os.environ["PIPEC_CASE_MODE"] = "fast"
logging.getLogger("pipec.case").setLevel(logging.ERROR)
csv.field_size_limit(1234)
getcontext().prec = 5


def set_up():
    os.environ.setdefault("PIPEC_CASE_LEVEL", "7")


set_up()
