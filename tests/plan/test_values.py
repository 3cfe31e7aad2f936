"""Bytes from shapes against the arrays that the stages make, and limits that they share."""

import numpy as np
import pytest
from running import open_context
from small_shop import fit, shop_rows

from cfdist.algorithms.exact_neighbors import build_index, unit_rows
from cfdist.plan import Job, Sizes
from cfdist.plan import values as planned
from cfdist.plan.values import n_components, pair_rows, values_of
from cfdist.stages import exchange, factorize, neighbors, outputs, shards
from cfdist.stages.recommend import recommend


def n_bytes(value) -> int:
    """Bytes of the arrays in a value."""
    if isinstance(value, dict):
        value = tuple(value.values())
    if isinstance(value, tuple):
        return sum(n_bytes(item) for item in value if not isinstance(item, tuple))
    return int(getattr(value, "nbytes", 0))


def all_bytes(futures) -> int:
    return sum(n_bytes(future.result()) for future in futures)


def test_limits_are_those_of_the_stages():
    assert (planned.GRAM_ARTICLES, planned.GRAM_USERS) == (
        factorize.GRAM_ARTICLES,
        factorize.GRAM_USERS,
    )
    assert planned.MAX_PARTS == exchange.MAX_PARTS
    assert planned.TASKS_PER_THREAD == neighbors.TASKS_PER_THREAD
    assert planned.MIN_SEARCHED == neighbors.MIN_SEARCHED
    assert planned.SIMILARITY_TILE == outputs.SIMILARITY_TILE
    for n_articles in (1, 1024, 1025, 70_000, 10**6):
        assert planned.article_shards(n_articles) == len(shards.article_shards(n_articles))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """What the stages make of a small shop, in bytes, and what was planned for its sizes."""
    folder = tmp_path_factory.mktemp("values")
    with open_context(folder, shop_rows(), {"factorize": {"n_components": 8}}) as context:
        fitting = fit(context)
        matrix, index = fitting.matrix, fitting.index
        baskets = matrix.baskets.result()
        job = Job(n_components=8)
        sizes = Sizes(
            rows=fitting.interactions.meta["rows_in"],
            rows_read=fitting.interactions.meta["rows_in"],
            file_bytes=0,
            read_tasks=1,
            users=index.n_users,
            articles=index.n_articles,
            pairs=matrix.meta["nnz"],
            profiles=fitting.profiles.n_profiles,
            baskets=baskets.shape[0],
            basket_entries=baskets.nnz,
            basket_work=0,
            search_share=1.0,
        )
        found = {
            "interactions": all_bytes(fitting.interactions.blocks),
            "ids": all_bytes([*index.parts["user_ids"], index.article_ids]),
            "matrix": all_bytes(matrix.blocks),
            "baskets": n_bytes(baskets),
            "user_factors": all_bytes(fitting.factors.user_factors),
            "item_factors": n_bytes(fitting.factors.item_factors.result()),
            "profiles": all_bytes([fitting.profiles.profiles, fitting.profiles.matrix]),
            "neighbors": all_bytes([fitting.neighbors.users, fitting.neighbors.articles]),
            "lists": all_bytes(recommend(fitting).lists),
        }
    return sizes, job, found


@pytest.mark.parametrize(
    "name",
    ["interactions", "ids", "matrix", "baskets", "user_factors", "item_factors", "profiles",
     "neighbors", "lists"],
)  # fmt: skip
def test_bytes_are_those_of_the_arrays(made, name):
    sizes, job, found = made
    expected = getattr(values_of(sizes, job), name)
    assert expected == pytest.approx(found[name], rel=0.02, abs=64)


def test_the_search_index_has_a_row_per_profile():
    rng = np.random.default_rng(0)
    units = unit_rows(rng.standard_normal((900, 16)))
    index = build_index(units, np.arange(900))
    job, sizes = Job(n_components=16), replace_profiles(900)
    planned_bytes = values_of(sizes, job).search_index
    assert planned_bytes == pytest.approx(n_bytes(index), rel=0.02)


def replace_profiles(n: int) -> Sizes:
    return Sizes(n, n, 0, 1, n, 50, n, n, 1, 1, 1, 1.0)


def test_components_and_partners_are_bounded_by_the_shop():
    sizes = replace_profiles(30)
    assert n_components(sizes, Job(n_components=50)) == 30
    assert pair_rows(sizes, Job(n_similar_items=100)) == 2 * 50 * 49
