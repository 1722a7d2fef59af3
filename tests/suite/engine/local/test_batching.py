from hypothesis import given
from hypothesis import strategies as st

from suite.engine.local.batching import SHORTEST_SHARED, Limits, common_prefix, find_families, plan

LIMITS = Limits(rows=4, tokens=1_000)


@st.composite
def prompts(draw):
    """Token lists, some of which begin with one of three long beginnings."""
    beginnings = [[], [1] * SHORTEST_SHARED, [2] * 90, [2] * 80 + [3] * 30]
    tails = st.lists(st.integers(0, 3), min_size=1, max_size=40)
    return draw(st.lists(st.builds(lambda b, t: beginnings[b] + t, st.integers(0, 3), tails), max_size=30))


@given(prompts())
def test_a_family_really_shares_what_it_says_and_leaves_every_prompt_a_tail(drawn):
    for family in find_families(drawn):
        first = drawn[family.members[0]]
        assert all(drawn[index][: family.shared] == first[: family.shared] for index in family.members)
        assert all(len(drawn[index]) > family.shared for index in family.members)
        assert family.shared >= SHORTEST_SHARED if len(family.members) > 1 else family.shared == 0


@given(prompts(), st.booleans())
def test_a_plan_asks_every_prompt_exactly_once(drawn, share):
    rows = [index for batch in plan(drawn, LIMITS, new_tokens=10, share=share) for index in batch.rows]
    assert sorted(rows) == list(range(len(drawn)))


@given(prompts(), st.booleans())
def test_a_batch_stays_within_its_limits_and_lists_its_families_in_order(drawn, share):
    for batch in plan(drawn, LIMITS, new_tokens=10, share=share):
        longest = max(len(drawn[index]) for index in batch.rows)
        assert len(batch.rows) == 1 or len(batch.rows) <= LIMITS.rows
        assert len(batch.rows) == 1 or len(batch.rows) * (longest + 10) <= LIMITS.tokens
        members = tuple(index for family in batch.families for index in family.members)
        assert members == (batch.rows if batch.families else ())


def test_without_sharing_no_batch_has_families():
    drawn = [[2] * 90 + [n] for n in range(6)]
    assert any(batch.families for batch in plan(drawn, LIMITS, new_tokens=10))
    assert not any(batch.families for batch in plan(drawn, LIMITS, new_tokens=10, share=False))


def test_a_prompt_longer_than_the_limit_goes_alone():
    batches = list(plan([[1] * 2_000, [2], [3]], LIMITS, new_tokens=10))
    assert [batch.rows for batch in batches] == [(0,), (1, 2)]


def test_requests_about_one_catalog_are_a_family_and_others_are_not():
    catalog, other = list(range(100)), list(range(100, 300))
    families = find_families([[*catalog, 7, 8], other, [*catalog, 9]])
    assert [(family.members, family.shared) for family in families] == [((0, 2), 100), ((1,), 0)]


def test_a_prompt_that_would_spoil_a_family_stays_out():
    long = [1] * 200
    families = find_families([[*long, 2], [*long, 3], [*long[:120], 4, 5, 6]])
    assert sorted((len(f.members), f.shared) for f in families) == [(1, 0), (2, 200)]


def test_a_beginning_that_is_hardly_any_of_its_prompts_is_not_shared():
    short, long = [*[1] * 100, 2], [*[1] * 100, *[3] * 400]
    assert [family.shared for family in find_families([short, long])] == [0, 0]
    assert [family.shared for family in find_families([short, [*short[:-1], 4], long])] == [100]


def test_the_common_prefix_of_a_prompt_and_its_own_beginning_is_the_beginning():
    assert common_prefix([1, 2, 3], [1, 2]) == 2
    assert common_prefix([1, 2, 3], [2, 2, 3]) == 0
