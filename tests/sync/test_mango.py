"""Selectors: what each operator means, what is refused, and that no document can make one fail."""

from __future__ import annotations

import functools
import itertools
from contextlib import suppress
from time import monotonic
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.errors import BadRequest
from sync.mango import MAX_CONDITIONS, MAX_DEPTH, IdRange, Selector, collate, field_path

NAMES = st.sampled_from(["a", "b", "c", "0", "1", "_id", "a.b", ""])
SCALARS: st.SearchStrategy[Any] = (
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["", "a", "A", "ă", "ab", "\u0000", "🙂"])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
DOCUMENTS = st.dictionaries(st.sampled_from(["a", "b", "_id"]), VALUES, max_size=3)

COMPARISONS = {
    "$lt": lambda order: order < 0,
    "$lte": lambda order: order <= 0,
    "$eq": lambda order: order == 0,
    "$ne": lambda order: order != 0,
    "$gte": lambda order: order >= 0,
    "$gt": lambda order: order > 0,
}
CONDITIONS: st.SearchStrategy[Any] = st.one_of(
    VALUES.filter(lambda value: not isinstance(value, dict)),
    st.builds(lambda name, value: {name: value}, st.sampled_from(sorted(COMPARISONS)), VALUES),
    st.builds(
        lambda name, values: {name: values}, st.sampled_from(["$in", "$nin", "$all"]), st.lists(VALUES)
    ),
    st.booleans().map(lambda flag: {"$exists": flag}),
    st.sampled_from(["null", "boolean", "number", "string", "array", "object", "x"]).map(
        lambda name: {"$type": name}
    ),
    st.integers(0, 3).map(lambda size: {"$size": size}),
    st.tuples(st.integers().filter(bool), st.integers()).map(lambda pair: {"$mod": list(pair)}),
    st.sampled_from(["^a", ".", "(?i)A", "[ăâ]", "(a*)*b"]).map(lambda pattern: {"$regex": pattern}),
    st.sampled_from(["", "a", "ă"]).map(lambda prefix: {"$beginsWith": prefix}),
)
SELECTORS = st.recursive(
    st.dictionaries(st.sampled_from(["a", "b", "_id", "a.b", "a.0"]), CONDITIONS, min_size=1, max_size=2),
    lambda inner: st.one_of(
        st.builds(
            lambda name, every: {name: every}, st.sampled_from(["$and", "$or", "$nor"]), st.lists(inner)
        ),
        inner.map(lambda one: {"$not": one}),
        st.builds(
            lambda name, one: {"a": {name: one}},
            st.sampled_from(["$elemMatch", "$allMatch", "$keyMapMatch"]),
            inner,
        ),
        inner.map(lambda one: {"b": one}),
    ),
    max_leaves=6,
)


def matches(selector: object, document: dict[str, Any]) -> bool:
    return Selector(selector).matches(document)


# ---- collation


def test_values_of_all_kinds_have_one_order() -> None:
    """CouchDB's, but for strings, which go by code points."""
    ordered: list[Any] = [
        *(None, False, True),
        *(-(10**30), -1, 0, 0.5, 1, 2**63, 1e300),
        *("", "A", "B", "a", "aa", "b", "ă", "🙂"),
        *([], [None], [1], [1, 0], [2], ["a"], [[]]),
        *({}, {"a": 1}, {"a": 1, "b": 1}, {"a": 2}, {"b": 0}),
    ]
    for (place, one), (other_place, other) in itertools.product(enumerate(ordered), repeat=2):
        assert (collate(one, other) > 0) == (place > other_place), (one, other)
        assert (collate(one, other) == 0) == (place == other_place), (one, other)


@given(VALUES, VALUES, VALUES)
def test_collation_is_a_total_order(a: Any, b: Any, c: Any) -> None:
    assert collate(a, a) == 0
    assert (collate(a, b) > 0) == (collate(b, a) < 0)
    low, middle, high = sorted((a, b, c), key=functools.cmp_to_key(collate))
    assert collate(low, middle) <= 0
    assert collate(middle, high) <= 0
    assert collate(low, high) <= 0


def test_the_order_of_members_and_the_form_of_numbers_are_nothing() -> None:
    assert collate({"a": 1, "b": 2}, {"b": 2.0, "a": 1}) == 0


# ---- operators


@given(st.sampled_from(sorted(COMPARISONS)), VALUES, VALUES)
def test_comparisons(operator: str, value: Any, bound: Any) -> None:
    assert matches({"a": {operator: bound}}, {"a": value}) == COMPARISONS[operator](collate(value, bound))


@given(VALUES, st.lists(VALUES, max_size=4))
def test_in_nin_and_all(value: Any, wanted: list[Any]) -> None:
    held = value if isinstance(value, list) else [value]
    common = any(collate(one, other) == 0 for one in held for other in wanted)
    assert matches({"a": {"$in": wanted}}, {"a": value}) == common
    assert matches({"a": {"$nin": wanted}}, {"a": value}) == (not common)
    every = isinstance(value, list) and all(
        any(collate(one, other) == 0 for other in value) for one in wanted
    )
    itself = len(wanted) == 1 and isinstance(value, list) and collate(wanted[0], value) == 0
    assert matches({"a": {"$all": wanted}}, {"a": value}) == (bool(wanted) and (every or itself))


@pytest.mark.parametrize(
    ("condition", "yes", "no"),
    [
        ({"$exists": True}, [None, 0, {}], []),
        ({"$exists": False}, [], [None, 0, {}]),
        ({"$type": "number"}, [0, 1.5, 10**40], [True, None, "1"]),
        ({"$type": "boolean"}, [True, False], [0, 1]),
        ({"$type": "array"}, [[]], [{}, "[]"]),
        ({"$size": 2}, [[1, 2]], [[], [1], {"a": 1, "b": 2}, "ab"]),
        ({"$mod": [4, 3]}, [3, 7, 10**40 + 3], [-1, 4, 7.0, "7", True]),
        ({"$mod": [4, -1]}, [-1, -5], [3, 7]),
        ({"$mod": [-4, 1]}, [1, 5], [-3]),
        ({"$regex": "^H(ồ|o) s.$"}, ["Hồ sơ", "Ho sa"], ["hồ sơ", 1, ["Hồ sơ"]]),
        ({"$regex": "(?i)new.*"}, ["A New one", "new"], ["old"]),
        ({"$beginsWith": "Hồ"}, ["Hồ", "Hồ sơ"], ["hồ", "H", None, ["Hồ"]]),
        ({"$elemMatch": {"$gte": 80, "$lt": 85}}, [[1, 82]], [[79, 85], 82, [], {"a": 82}]),
        ({"$elemMatch": {"b": 1, "c": 2}}, [[{"b": 1, "c": 2}]], [[{"b": 1}, {"c": 2}], [1]]),
        ({"$allMatch": {"b": {"$gt": 0}}}, [[{"b": 1}, {"b": 2}]], [[], [{"b": 1}, {}], {"b": 1}]),
        ({"$keyMapMatch": {"$beginsWith": "x"}}, [{"x1": 0, "y": 0}], [{"y": "x"}, {}, ["x"], "x"]),
        ({"$keyMapMatch": {"$eq": "x"}}, [{"x": 0}], [{"y": "x"}]),
        ({"$all": [[1, 2]]}, [[1, 2], [[1, 2], 3]], [[1], [2, 1]]),
        ({"$not": {"$regex": "a"}}, ["b", 1, None], ["a", "ba"]),
        ({"b": 1}, [{"b": 1}, {"b": 1.0, "c": 2}], [{"b": 2}, 1, [{"b": 1}]]),
        ({"$or": [{"$eq": 1}, {"b": {"$eq": 2}}]}, [1, {"b": 2}], [2, {"b": 1}]),
        ({}, [{}], [{"b": 1}, None]),
        ([1], [[1]], [1, [1, 2]]),
    ],
)
def test_what_operators_mean(condition: object, yes: list[Any], no: list[Any]) -> None:
    for value in yes:
        assert matches({"a": condition}, {"a": value}), value
    for value in no:
        assert not matches({"a": condition}, {"a": value}), value


@pytest.mark.parametrize(
    "condition",
    [
        *({"$ne": 1}, {"$lt": 1}, {"$nin": [1]}, {"$eq": None}, None),
        *({"$not": {"$gt": 1}}, {"$not": {"$regex": "x"}}, {"$nor": [{"$eq": 1}]}),
    ],
)
def test_a_missing_field_fulfils_nothing(condition: object) -> None:
    assert not matches({"a": condition}, {"b": 1})


def test_but_that_it_is_missing() -> None:
    assert matches({"a": {"$exists": False}}, {})
    assert matches({"$not": {"a": {"$exists": True}}}, {})
    assert matches({"a.b": {"$exists": False}}, {})
    assert matches({"a.b": {"$exists": False}}, {"a": {}})
    assert not matches({"a.b": {"$exists": False}}, {"a": 1})  # no place where it could be: as CouchDB


def test_fields() -> None:
    document = {"a": {"b": [{"c": 1}], "x.y": 2}, "p.q": {"r": 3}}
    assert matches({"a.b.0.c": 1}, document)
    assert matches({"a": {"b.0": {"c": 1}}}, document)
    assert not matches({"a.b.1.c": {"$exists": False}}, document)
    assert matches({"a.x\\.y": 2}, document)
    assert matches({"p\\.q.r": 3}, document)
    assert matches({"p\\.q": {"$and": [{"r": {"$gt": 2}}, {"r": {"$lt": 4}}]}}, document)
    assert field_path("a.b\\.c") == ("a", "b.c")


def test_all_conditions_of_one_object_count() -> None:
    selector = {"a": {"$gt": 1, "$lt": 5}, "b": "x"}
    assert matches(selector, {"a": 3, "b": "x"})
    assert not matches(selector, {"a": 3, "b": "y"})
    assert not matches(selector, {"a": 5, "b": "x"})
    assert not matches({"$not": selector}, {"a": 3, "b": "x"})
    assert matches({"$not": selector}, {"a": 3, "b": "y"})


def test_nothing_asked_is_always_true() -> None:
    selectors: list[dict[str, Any]] = [{}, {"$and": []}, {"$or": []}, {"$nor": []}]
    for selector in selectors:
        assert matches(selector, {"a": 1})
    assert not matches({"a": {"$in": []}}, {"a": 1})
    assert matches({"a": {"$nin": []}}, {"a": 1})


def test_ids_are_compared_as_erlang_terms() -> None:
    """Where everything that is no string comes before it; CouchDB: `mango_json:cmp_raw`."""
    assert matches({"_id": {"$gt": None}}, {"_id": "a"})
    assert matches({"_id": {"$gt": {}}}, {"_id": "a"})
    assert not matches({"a": {"$gt": {}}}, {"a": "a"})


@given(SELECTORS, DOCUMENTS)
def test_no_document_makes_a_selector_fail(selector: dict[str, Any], document: dict[str, Any]) -> None:
    assert Selector(selector).matches(document) in (True, False)
    assert Selector({"$not": {"$not": selector}}).matches(document) == matches(selector, document)


@given(st.lists(SELECTORS, min_size=1, max_size=3), DOCUMENTS)
def test_and_or_nor(selectors: list[dict[str, Any]], document: dict[str, Any]) -> None:
    each = [matches(one, document) for one in selectors]
    assert matches({"$and": selectors}, document) == all(each)
    assert matches({"$or": selectors}, document) == any(each)
    nots = [matches({"$not": one}, document) for one in selectors]
    assert matches({"$nor": selectors}, document) == all(nots)


# ---- what is refused


@pytest.mark.parametrize(
    ("selector", "error"),
    [
        *(([], "invalid_selector_json"), (None, "invalid_selector_json"), ("a", "invalid_selector_json")),
        *(({"$and": {}}, "bad_arg"), ({"$or": 1}, "bad_arg"), ({"$nor": None}, "bad_arg")),
        *(({"$not": []}, "bad_arg"), ({"a": {"$not": 1}}, "bad_arg")),
        *(
            ({"a": {"$in": 1}}, "bad_arg"),
            ({"a": {"$nin": {}}}, "bad_arg"),
            ({"a": {"$all": "x"}}, "bad_arg"),
        ),
        *(({"a": {"$exists": 1}}, "bad_arg"), ({"a": {"$type": 1}}, "bad_arg")),
        *(({"a": {"$mod": [1]}}, "bad_arg"), ({"a": {"$mod": [1.0, 2]}}, "bad_arg")),
        *(({"a": {"$mod": [True, 2]}}, "bad_arg"), ({"a": {"$mod": [0, 0]}}, "bad_arg")),
        *(({"a": {"$size": -1}}, "bad_arg"), ({"a": {"$size": True}}, "bad_arg")),
        *(({"a": {"$size": 1.0}}, "bad_arg"), ({"a": {"$beginsWith": 1}}, "bad_arg")),
        *(({"a": {"$regex": "("}}, "bad_arg"), ({"a": {"$regex": 1}}, "bad_arg")),
        *(({"a": {"$regex": "(.)\\1"}}, "bad_arg"), ({"a": {"$regex": "a" * 1001}}, "bad_arg")),
        ({"a": {"$regex": "(.{200}){200}"}}, "bad_arg"),
        *(({"a": {"$elemMatch": []}}, "bad_arg"), ({"a": {"$allMatch": 1}}, "bad_arg")),
        *(({"a": {"$keyMapMatch": "x"}}, "bad_arg"), ({"a": {"$elemMatch": {"$in": 1}}}, "bad_arg")),
        *(({"$where": "1"}, "not_supported"), ({"a": {"$near": 1}}, "not_supported")),
        *(({"$text": "x"}, "not_supported"), ({"a": {"$foo": 1}}, "invalid_operator")),
        *(({"$": 1}, "invalid_operator"), ({"$gt": 1}, "invalid_selector"), ({"": 1}, "invalid_selector")),
        *(({"a..b": 1}, "invalid_field_name"), ({".": 1}, "invalid_field_name")),
        *(({"a": {"": 1}}, "invalid_field_name"), ({"a.": 1}, "invalid_field_name")),
        ({"$or": [{"a": 1}] * (MAX_CONDITIONS + 1)}, "invalid_selector"),
    ],
)
def test_malformed_selectors(selector: object, error: str) -> None:
    with pytest.raises(BadRequest) as refused:
        Selector(selector)
    assert refused.value.error == error


def test_depth_is_limited() -> None:
    def nested(depth: int, step: str) -> dict[str, Any]:
        selector: Any = {"a": 1}
        for _ in range(depth):
            selector = {step: [selector]} if step == "$and" else {step: selector}
        return {"x": selector} if step == "$elemMatch" else selector

    for step in ("$and", "$not", "a", "$elemMatch"):
        Selector(nested(MAX_DEPTH // 2, step)).matches({"a": 1})
        with pytest.raises(BadRequest):
            Selector(nested(MAX_DEPTH + 1, step))


@given(VALUES | SELECTORS)
def test_any_selector_is_taken_or_refused(selector: object) -> None:
    with suppress(BadRequest):
        Selector(selector).matches({"a": [1]})


@pytest.mark.parametrize("pattern", ["(a*)*b", "(a|a)*b", "(.*.*.*)*x", "(.{30}){30}x", ".{900}x"])
def test_no_pattern_takes_long(pattern: str) -> None:
    before = monotonic()
    assert not matches({"a": {"$regex": pattern}}, {"a": "a" * 5_000_000})
    assert monotonic() - before < 5


# ---- which ids can match


@given(SELECTORS, DOCUMENTS, st.sampled_from(["", "a", "ab", "b", "ă"]))
def test_every_match_lies_between_the_bounds(
    selector: dict[str, Any], document: dict[str, Any], doc_id: str
) -> None:
    asked = Selector(selector)
    if asked.matches({**document, "_id": doc_id}):
        low, high = asked.ids()
        assert low is None or low <= doc_id
        assert high is None or doc_id <= high


def test_bounds() -> None:
    assert Selector({"_id": "x", "a": 1}).ids() == IdRange("x", "x")
    assert Selector({"_id": {"$gte": "d/", "$lt": "d0"}}).ids() == IdRange("d/", "d0")
    assert Selector({"$and": [{"_id": {"$gt": "a"}}, {"_id": {"$gt": "b"}}]}).ids() == IdRange("b", None)
    assert Selector({"_id": {"$beginsWith": "d/"}}).ids() == IdRange("d/", None)
    assert Selector({"$or": [{"_id": "x"}, {"a": 1}]}).ids() == IdRange(None, None)
    assert Selector({"$not": {"_id": {"$lt": "x"}}}).ids() == IdRange("x", None)
    assert Selector({"_id": {"$gt": None}}).ids() == IdRange(None, None)
