"""Migrated from the compiled pipeline "collected"."""

from typing import List

from pipec import pipeline, step


@step(image="python:3.11", cache=True)
def double(n: int) -> int:
    return n * 2


@step(image="python:3.11", cache=True)
def flat(numbers: List[int]) -> int:
    return sum(numbers)


@step(image="python:3.11", cache=True)
def add(numbers: List[List[int]]) -> int:
    return sum(sum(one) for one in numbers)


@pipeline
def collected() -> list:
    double_results = []
    double_2_results = []
    for outer in [1, 2, 3]:
        double_2_results_2 = []
        double_results_2 = []
        for inner in [4, 5]:
            one = double(outer)
            double_results_2.append(one)
            two = double(inner)
            double_2_results_2.append(two)
        double_2_results.append(double_2_results_2)
        double_results.append(double_results_2)
        flat_result = flat(double_2_results_2)
    add_result = add(double_results)
    return double_2_results
