"""Revision trees: the same paths give the same leaves, in whatever order they come."""

from __future__ import annotations

from functools import reduce
from random import Random
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.errors import BadRequest
from sync.revisions import Rev, Tree, parse_rev


class Path(NamedTuple):
    """What one replicated document brings: a revision, some of its history, and whether it is a tombstone."""

    revs: tuple[Rev, ...]
    deleted: bool


@st.composite
def paths_of_one_history(draw: st.DrawFn) -> list[Path]:
    """Paths as different peers know them: cut short by stemming, some of them twice."""
    parents: list[int | None] = [None]
    for n in range(1, draw(st.integers(1, 14))):
        parents.append(draw(st.none() | st.integers(0, n - 1)))
    revs: list[Rev] = []
    for n, parent in enumerate(parents):
        revs.append(Rev(1 if parent is None else revs[parent].generation + 1, f"{n:02x}"))
    deleted = draw(st.lists(st.booleans(), min_size=len(revs), max_size=len(revs)))
    paths = []
    for n in draw(st.lists(st.integers(0, len(revs) - 1), min_size=1, max_size=20)):
        history, at = [], n
        while True:
            history.append(revs[at])
            before = parents[at]
            if before is None:
                break
            at = before
        known = draw(st.integers(1, len(history)))
        paths.append(Path(tuple(history[:known]), deleted[n]))
    return paths


def grown(paths: list[Path]) -> Tree:
    return reduce(lambda tree, path: tree.grafted(path.revs, deleted=path.deleted), paths, Tree())


def shape(tree: Tree) -> object:
    """Leaves, winner first, and what is known to be before each."""
    return [(leaf, tree.nodes[leaf].deleted, tree.history(leaf)) for leaf in tree.leaves()]


@given(paths_of_one_history(), st.randoms())
def test_order_and_duplicates_do_not_matter(paths: list[Path], random: Random) -> None:
    shuffled = [*paths, *random.sample(paths, len(paths) // 2)]
    random.shuffle(shuffled)
    assert shape(grown(shuffled)) == shape(grown(paths))


@given(paths_of_one_history(), st.data())
def test_two_peers_that_exchange_their_leaves_agree(paths: list[Path], data: st.DataObject) -> None:
    """Merging is associative: what each had merged before they met does not show."""
    split = data.draw(st.integers(0, len(paths)))
    here, there = grown(paths[:split]), grown(paths[split:])
    sent = [Path(tuple(there.history(leaf)), there.nodes[leaf].deleted) for leaf in there.leaves()]
    answered = [Path(tuple(here.history(leaf)), here.nodes[leaf].deleted) for leaf in here.leaves()]
    assert shape(grown([*paths[:split], *sent])) == shape(grown([*paths[split:], *answered]))
    assert shape(grown([*paths[:split], *sent])) == shape(grown(paths))


@given(paths_of_one_history())
def test_grafting_again_changes_nothing(paths: list[Path]) -> None:
    tree = grown(paths)
    assert grown([*paths, *paths]).nodes == tree.nodes


@given(paths_of_one_history())
def test_every_leaf_can_be_read_and_the_winner_is_the_greatest(paths: list[Path]) -> None:
    tree = grown(paths)
    leaves = tree.leaves()
    assert all(tree.nodes[leaf].stored for leaf in leaves)
    assert leaves[0] == max(leaves, key=lambda leaf: (not tree.nodes[leaf].deleted, leaf))
    assert {path.revs[0] for path in paths} <= set(tree.nodes)


@given(paths_of_one_history(), st.integers(1, 5))
def test_stemming_keeps_every_leaf_and_the_near_past(paths: list[Path], limit: int) -> None:
    tree = grown(paths)
    cut = tree.stemmed(limit)
    assert cut.leaves() == tree.leaves()
    near = {rev for leaf in tree.leaves() for rev in tree.history(leaf)[:limit]}
    assert cut.nodes.keys() == near
    for leaf in tree.leaves():
        assert cut.history(leaf)[:limit] == tree.history(leaf)[:limit]
    assert cut.stemmed(limit).nodes == cut.nodes


@given(paths_of_one_history(), st.integers(1, 5))
def test_what_was_cut_off_does_not_come_back(paths: list[Path], limit: int) -> None:
    """A peer that cuts later sends longer histories for ever: they change nothing."""
    tree = grown(paths)
    cut = tree.stemmed(limit)
    again = reduce(
        lambda at, leaf: at.grafted(tree.history(leaf), deleted=tree.nodes[leaf].deleted), tree.leaves(), cut
    )
    assert again.stemmed(limit).nodes == cut.nodes


@given(paths_of_one_history(), st.data())
def test_keeping_some_leaves_is_as_if_the_others_had_never_come(
    paths: list[Path], data: st.DataObject
) -> None:
    tree = grown(paths)
    leaves = tree.leaves()
    staying = [leaf for leaf in leaves if data.draw(st.booleans())]
    kept = tree.kept(staying, limit=len(tree.nodes))
    assert kept.leaves() == staying
    assert all(kept.history(leaf) == tree.history(leaf) for leaf in staying)


A1, B2, C3, D2 = Rev(1, "a"), Rev(2, "b"), Rev(3, "c"), Rev(2, "d")


def tree(*paths: tuple[Rev, ...]) -> Tree:
    return grown([Path(path, deleted=False) for path in paths])


@pytest.mark.parametrize(
    ("situation", "paths", "leaves"),
    [
        ("one revision", [(A1,)], [A1]),
        ("an edit", [(A1,), (B2, A1)], [B2]),
        ("two edits of one base", [(B2, A1), (D2, A1)], [D2, B2]),
        ("a middle that nobody has", [(C3, B2, A1)], [C3]),
        ("no overlap: two roots", [(A1,), (C3, B2)], [C3, A1]),
        ("two roots, joined by a longer history", [(A1,), (C3, B2), (C3, B2, A1)], [C3]),
        ("an ancestor after its child", [(B2, A1), (A1,)], [B2]),
        ("a branch in the middle", [(C3, B2, A1), (D2, A1)], [C3, D2]),
    ],
)
def test_leaves_of(situation: str, paths: list[tuple[Rev, ...]], leaves: list[Rev]) -> None:
    """The cases of couch_key_tree's tests."""
    assert tree(*paths).leaves() == leaves, situation


def test_a_live_leaf_wins_over_a_later_tombstone() -> None:
    both = tree((A1,), (B2, A1)).grafted((C3, D2, A1), deleted=True)
    assert both.leaves() == [B2, C3]


def test_an_ancestor_whose_body_comes_late_stays_without() -> None:
    assert not tree((B2, A1), (A1,)).nodes[A1].stored


def test_leaves_from_a_revision_that_has_grown() -> None:
    branched = tree((C3, B2, A1), (D2, A1))
    assert branched.leaves_from(A1) == [C3, D2]
    assert branched.leaves_from(B2) == [C3]


def test_possible_ancestors_are_leaves_of_a_lower_generation() -> None:
    branched = tree((C3, B2, A1), (D2, A1))
    assert branched.possible_ancestors([Rev(3, "x")]) == [D2]
    assert branched.possible_ancestors([Rev(2, "x")]) == []


def test_a_path_that_contradicts_the_tree_leaves_no_bodiless_leaf() -> None:
    """The same revision with another parent: somebody made it up. What was known first stays."""
    known = tree((C3, B2, A1))
    assert known.grafted((C3, D2, A1), deleted=False).nodes == known.nodes
    assert known.grafted((Rev(4, "e"), C3, D2, A1), deleted=False).leaves() == [Rev(4, "e")]


@pytest.mark.parametrize(
    "text", ["", "1", "1-", "-a", "0-a", "a-1", "01-a", "1_a", None, 1, "９-a", "9" * 16 + "-a"]
)
def test_a_malformed_revision_is_refused(text: object) -> None:
    with pytest.raises(BadRequest, match="Invalid rev format"):
        parse_rev(text)


def test_hexadecimal_hashes_are_lower_case() -> None:
    assert parse_rev("2-" + "AB" * 16) == Rev(2, "ab" * 16)
    assert parse_rev("2-Not-Hex") == Rev(2, "Not-Hex")
