"""A package that hands on what its modules have."""

from . import prices
from .goods import *
from .prices import price_of as cost

__all__ = ["cost", "prices"]
__all__ += ["GOODS", "first_good"]
