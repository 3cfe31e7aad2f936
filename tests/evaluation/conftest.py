"""One comparison of several candidates on the shop of :mod:`held_out_shop`, for all who read."""

import pytest
from held_out_shop import candidate, given, shop_rows
from running import open_context

from cfdist.evaluation.document import document
from cfdist.evaluation.evaluate import compare, winner
from cfdist.stages.ingest import ingest

NOTHING = {"blend__spectral": 0.0, "blend__user_neighbors": 0.0}
CANDIDATES = [
    candidate("popular"),
    candidate("no blend", "blend", **NOTHING),
    candidate("user_neighbors"),
    candidate("user_neighbors raw", "user_neighbors", user_neighbors__space="raw"),
    candidate("history"),
    candidate("item_neighbors"),
    candidate("latent"),
    candidate("spectral"),
    candidate("latent alone", "blend", **NOTHING, blend__latent=2.0),
]


@pytest.fixture(scope="session")
def context(tmp_path_factory):
    with open_context(tmp_path_factory.mktemp("evaluated"), shop_rows(), given()) as opened:
        opened.memory = {}
        yield opened


@pytest.fixture(scope="session")
def interactions(context):
    return ingest(context)


@pytest.fixture(scope="session")
def found(context, interactions):
    return compare(context, interactions, CANDIDATES, with_curve_of=candidate("latent"))


@pytest.fixture(scope="session")
def told(context, found):
    return document(context, found, winner(found))


@pytest.fixture(scope="session")
def outcomes(found):
    return {outcome.candidate.name: outcome for outcome in found.outcomes}
