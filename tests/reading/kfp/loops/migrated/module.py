"""Migrated from the compiled pipeline "loops"."""

from typing import Dict, List

from pipec import parallel, pipeline, step


@step(image="python:3.11", cache=True)
def double(n: int) -> int:
    return 2 * n


@step(image="python:3.11", cache=True)
def add(numbers: List[int]) -> int:
    return sum(numbers)


@step(image="python:3.11", cache=True)
def show(text: str):
    print(text)


@step(image="python:3.11", cache=True)
def pairs(n: int) -> List[Dict[str, str]]:
    return [{'label': str(i), 'kind': 'even' if i % 2 == 0 else 'odd'} for i in range(n)]


@pipeline
def loops(n: int = 2, numbers: list = [1, 2, 3]) -> list:
    double_results = []
    for number in parallel(numbers, limit=2):
        double_result = double(number)
        double_results.append(double_result)
    add_result = add(double_results)
    for item in [{"a": 1, "b": 10}, {"a": 2, "b": 20}]:
        double_2 = double(item["b"])
        for item_2 in ["x", "y"]:
            show_3 = show(item_2)
    pairs_result = pairs(n)
    for pairs_result_item in pairs_result:
        if pairs_result_item["kind"] == "odd":
            show_2 = show("odd")
        show_done = show(pairs_result_item["label"])
    return double_results
