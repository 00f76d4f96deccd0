"""Any graph is nested: nothing is lost, every precedence is kept, and the critical path grows within bounds."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipec.compiler.passes.series_parallel import Fork, Leaf, Nesting, Series, Tree, names, nest, precedences

Graph = tuple[list[str], dict[str, list[str]], dict[str, int]]


@st.composite
def graphs(draw: st.DrawFn, most: int = 14) -> Graph:
    """A random graph in topological order, with weights."""
    nodes = [f"n{i}" for i in range(draw(st.integers(1, most)))]
    before = {
        node: draw(st.lists(st.sampled_from(nodes[:i]), max_size=3, unique=True)) if i else []
        for i, node in enumerate(nodes)
    }
    return nodes, before, {node: draw(st.integers(1, 9)) for node in nodes}


def closure(nodes: list[str], before: dict[str, list[str]]) -> set[tuple[str, str]]:
    above: dict[str, set[str]] = {}
    for node in nodes:
        above[node] = set(before[node]).union(*(above[b] for b in before[node]))
    return {(a, node) for node in nodes for a in above[node]}


def length(nodes: list[str], pairs: set[tuple[str, str]], weights: dict[str, int]) -> int:
    """The longest chain; an independent count from the pairs alone."""
    order = sorted(nodes, key=lambda n: sum(1 for _, b in pairs if b == n))
    ends: dict[str, int] = {}
    for node in order:
        ends[node] = weights[node] + max((ends[a] for a, b in pairs if b == node), default=0)
    return max(ends.values())


def well_formed(tree: Tree | None, inside: type | None = None) -> bool:
    """Forks and series alternate, and none is trivial."""
    if tree is None or isinstance(tree, Leaf):
        return True
    return type(tree) is not inside and len(tree.parts) > 1 and all(well_formed(p, type(tree)) for p in tree.parts)


@given(graphs())
@settings(max_examples=300, deadline=None)
def test_nothing_is_lost_and_every_precedence_is_kept(graph: Graph) -> None:
    nodes, before, weights = graph
    nested = nest(nodes, before, weights)
    assert sorted(names(nested.tree)) == sorted(nodes)
    assert well_formed(nested.tree)
    assert closure(nodes, before) <= precedences(nested.tree)


@given(graphs())
@settings(max_examples=300, deadline=None)
def test_added_precedences_are_all_named(graph: Graph) -> None:
    """With those that are named, the graph becomes exactly the order of the tree."""
    nodes, before, weights = graph
    nested = nest(nodes, before, weights)
    known = closure(nodes, before)
    assert not known & set(nested.added)
    more = {node: [*before[node], *(a for a, b in nested.added if b == node)] for node in nodes}
    assert closure_of(nodes, more) == precedences(nested.tree)


def closure_of(nodes: list[str], before: dict[str, list[str]]) -> set[tuple[str, str]]:
    """As `closure`, for nodes in any order."""
    pairs = {(a, node) for node in nodes for a in before[node]}
    while True:
        more = pairs | {(a, d) for a, b in pairs for c, d in pairs if b == c}
        if more == pairs:
            return pairs
        pairs = more


@given(graphs())
@settings(max_examples=300, deadline=None)
def test_the_critical_path_grows_within_bounds(graph: Graph) -> None:
    nodes, before, weights = graph
    nested = nest(nodes, before, weights)
    assert nested.makespan == length(nodes, precedences(nested.tree), weights)
    assert length(nodes, closure(nodes, before), weights) <= nested.makespan <= sum(weights.values())
    assert nested.makespan <= levels(nodes, before, weights)


def levels(nodes: list[str], before: dict[str, list[str]], weights: dict[str, int]) -> int:
    """The makespan with a barrier after each level, which is what one would do without thinking."""
    depth: dict[str, int] = {}
    for node in nodes:
        depth[node] = 1 + max((depth[b] for b in before[node]), default=0)
    return sum(max(weights[n] for n in nodes if depth[n] == d) for d in set(depth.values()))


@given(graphs())
@settings(max_examples=200, deadline=None)
def test_equal_durations_cost_nothing(graph: Graph) -> None:
    nodes, before, _ = graph
    ones = dict.fromkeys(nodes, 1)
    assert nest(nodes, before).makespan == length(nodes, closure(nodes, before), ones)


@given(graphs())
@settings(max_examples=200, deadline=None)
def test_nested_graphs_stay_as_they_are(graph: Graph) -> None:
    """What is nested already gets nothing added, and comes out as the same tree."""
    nodes, before, weights = graph
    tree = nest(nodes, before, weights).tree
    pairs = precedences(tree)
    again = nest(list(names(tree)), {n: [a for a, b in pairs if b == n] for n in nodes}, weights)
    assert again.added == ()
    assert precedences(again.tree) == pairs


@given(graphs(40), st.randoms(use_true_random=False))
@settings(max_examples=30, deadline=None)
def test_the_order_in_which_edges_are_given_does_not_matter(graph: Graph, random: object) -> None:
    nodes, before, weights = graph
    shuffled = {node: random.sample(found, len(found)) for node, found in before.items()}  # type: ignore[attr-defined]
    assert nest(nodes, before, weights) == nest(nodes, shuffled, weights)


def test_the_n_is_cut_once() -> None:
    nested = nest(["a", "b", "c", "d"], {"c": ["a"], "d": ["a", "b"]})
    assert nested == Nesting(
        Series((Fork((Leaf("a"), Leaf("b"))), Fork((Leaf("c"), Leaf("d"))))), (("b", "c"),), 2
    )  # fmt: skip


def test_durations_decide_where_to_cut() -> None:
    """`c` must not wait for the slow `b`."""
    nested = nest(["a", "b", "c", "d"], {"c": ["a"], "d": ["a", "b"]}, {"a": 1, "b": 9, "c": 9, "d": 1})
    assert nested.makespan == 11 and ("b", "c") not in nested.added


def test_large_graphs_take_little_time() -> None:
    """1,000 nodes in a chain, and 300 that cross at every level."""
    chain = [f"n{i}" for i in range(1000)]
    assert nest(chain, {b: [a] for a, b in zip(chain, chain[1:])}).makespan == 1000
    crossing = [f"n{i}" for i in range(300)]
    before = {n: [crossing[i - 3], crossing[i - 4 if i % 3 else i - 2]] for i, n in enumerate(crossing) if i > 3}
    nested = nest(crossing, before)
    assert sorted(names(nested.tree)) == sorted(crossing)


def test_wrong_order_is_a_bug_of_the_caller() -> None:
    with pytest.raises(ValueError, match="waits for"):
        nest(["a", "b"], {"a": ["b"]})
