"""Sizes, jobs and machines for tests of the plan, drawn by Hypothesis or fixed."""

from dataclasses import replace

from hypothesis import strategies as st

from cfdist.plan import Job, Machine, Sizes
from cfdist.plan.constants import REFERENCE

SHOP = Sizes(
    rows=1_640_000,
    rows_read=1_640_000,
    file_bytes=21_000_000,
    read_tasks=2,
    users=557_000,
    articles=7_300,
    pairs=1_400_000,
    profiles=368_000,
    baskets=1_000_000,
    basket_entries=1_630_000,
    basket_work=3_500_000,
    search_share=0.03,
)
MACHINE = Machine(workers=0, threads=2, memory_bytes=16 * 10**9, rates=REFERENCE)


@st.composite
def sizes(draw) -> Sizes:
    """Sizes that can occur together."""
    users = draw(st.integers(2, 10**8))
    articles = draw(st.integers(2, 10**6))
    pairs = draw(st.integers(users, min(users * articles, 20 * users)))
    rows = pairs + draw(st.integers(0, pairs))
    baskets = draw(st.integers(1, rows))
    profiles = draw(st.integers(1, users))
    shares = st.floats(1e-4, 1)
    return replace(
        SHOP,
        rows=rows,
        rows_read=rows,
        users=users,
        articles=articles,
        pairs=pairs,
        profiles=profiles,
        baskets=baskets,
        basket_entries=rows,
        basket_work=2 * rows,
        search_share=draw(shares),
        read_tasks=1 + rows // 2**20,
    )


@st.composite
def jobs(draw) -> Job:
    """Settings."""
    return Job(
        n_components=draw(st.integers(1, 500)),
        n_similar_users=draw(st.integers(0, 200)),
        n_similar_items=draw(st.integers(1, 100)),
        n_recommendations=draw(st.integers(1, 100)),
        out_of_core=draw(st.booleans()),
        hold_out_users=draw(st.sampled_from([0, 20_000])),
    )


@st.composite
def machines(draw) -> Machine:
    """Up to 64 workers of up to 32 threads."""
    return Machine(
        workers=draw(st.integers(0, 64)),
        threads=draw(st.integers(1, 32)),
        memory_bytes=draw(st.integers(10**9, 10**12)),
        rates=REFERENCE,
    )
