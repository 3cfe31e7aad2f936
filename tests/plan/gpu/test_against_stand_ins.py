"""The plan is a bound of what stand-ins of the GPU's libraries count, stage by stage."""

from dataclasses import replace

import numpy as np
import pytest
from plan_cases import MACHINE
from running import open_context
from small_shop import fit, shop_rows
from strict.installing import strict_packages

from cfdist.backends import get_backend
from cfdist.plan import Job, Sizes
from cfdist.plan.gpu import make_device_plan
from cfdist.stages.pairs import pairs
from cfdist.stages.recommend import recommend

COMPONENTS, SIMILAR = 8, 20
CONTEXT_BYTES = 2**16
"""What arrays of a few numbers take at the least, each a multiple of 256 bytes."""


def large_rows() -> dict[str, list]:
    """A shop that needs the passes: more than 512 articles and 4,096 users."""
    rng = np.random.default_rng(0)
    n_users, n_articles, n = 5000, 700, 40_000
    user = np.concatenate([np.arange(n_users), rng.integers(0, n_users, n - n_users)])
    article = (n_articles * rng.random(n) ** 2).astype(int)
    article[:n_articles] = np.arange(n_articles)
    return {"user_id": user.tolist(), "article_id": article.tolist()}


def measured(folder, columns):
    """Sizes of the shop, the peak of the device in every stage."""
    given = {"factorize": {"n_components": COMPONENTS}, "cluster": {"threads": 1}}
    with strict_packages(), open_context(folder, columns, given) as context:
        get_backend.cache_clear()  # an earlier one has other stand-ins
        context.backend = "gpu"
        fitting = fit(context)
        index, matrix = fitting.index, fitting.matrix
        rows_in = fitting.interactions.meta["rows_in"]
        fitting.forget_rows()
        _ = fitting.factors
        profiles, _ = fitting.profiles, fitting.neighbors
        _ = recommend(fitting), pairs(fitting)
        peaks = {stage: counts["peak_bytes"] for stage, counts in context.transfers.items()}
        baskets = matrix.baskets.result()
        sizes = Sizes(
            rows=rows_in, rows_read=rows_in, file_bytes=rows_in * 20, read_tasks=1,
            users=index.n_users, articles=index.n_articles, pairs=matrix.meta["nnz"],
            profiles=profiles.n_profiles, baskets=baskets.shape[0], basket_entries=baskets.nnz,
            basket_work=0, search_share=1.0,
        )  # fmt: skip
    get_backend.cache_clear()
    return sizes, peaks


@pytest.fixture(scope="module", params=[shop_rows, large_rows], ids=["gram", "krylov"])
def shop(request, tmp_path_factory):
    return measured(tmp_path_factory.mktemp("planned"), request.param())


@pytest.mark.parametrize(
    "stage",
    ["ingest", "index", "matrix", "factorize", "profiles", "neighbors", "recommend", "pairs"],
)
def test_no_stage_takes_more_than_planned(shop, stage):
    sizes, peaks = shop
    job = Job(n_components=COMPONENTS, n_similar_users=SIMILAR, hold_out_users=0)
    plan = make_device_plan(sizes, job, replace(MACHINE, gpus=1))
    assert peaks[stage] <= plan.stage(stage).peak_bytes + CONTEXT_BYTES


def test_the_device_was_used(shop):
    assert shop[1]["factorize"] > 10_000
