import json

import numpy as np
import pytest
from held_out_shop import given, shop_rows, with_evaluation
from running import open_context

from cfdist.evaluation import samples
from cfdist.evaluation.intervals import NORMAL_95
from cfdist.evaluation.samples import measure_samples
from cfdist.stages.ingest import ingest


@pytest.fixture(scope="module")
def context(tmp_path_factory):
    folder = tmp_path_factory.mktemp("samples")
    with open_context(folder, shop_rows(), given()) as context:
        context.memory = {}
        yield context


@pytest.fixture(scope="module")
def rows(context):
    previous, samples.MIN_USERS = samples.MIN_USERS, 30
    previous_percents, samples.PERCENTS = samples.PERCENTS, (1.0, 50.0)
    try:
        yield measure_samples(context, ingest(context))
    finally:
        samples.MIN_USERS, samples.PERCENTS = previous, previous_percents


def test_a_sample_is_measured_and_its_drift_is_from_the_whole(context, rows):
    own = samples.own_candidate(context.config)
    whole = samples._at(context, ingest(context), own)
    there = samples._estimate(whole, own)
    assert [row["percent"] for row in rows] == [1.0, 50.0]
    assert rows[0]["n_users"] < rows[1]["n_users"] < there.n_users
    for row in rows:
        assert row["drift"]["mean"] == pytest.approx(row["metric"]["mean"] - there.mean)
        error = np.sqrt(max(row["metric"]["standard_error"] ** 2 - there.standard_error**2, 0))
        assert row["drift"]["standard_error"] == pytest.approx(error)
        half = row["drift"]["high"] - row["drift"]["mean"]
        assert half == pytest.approx(NORMAL_95 * error)
        assert row["energy_drift"] == pytest.approx(row["energy"] - samples._energy(whole))
        assert row["separable"] == f"differences from {row['difference']:.4f} on"


def test_a_sample_that_is_too_small_is_left_out_with_a_note(context):
    """Lists of 30 articles: the train rows of one user have fewer."""
    previous, samples.MIN_USERS = samples.MIN_USERS, 1
    own = context.with_config(with_evaluation(context.config, ks=(30,)))
    try:
        found = measure_samples(own, ingest(own))
    finally:
        samples.MIN_USERS = previous
    assert 1.0 not in [row["percent"] for row in found]
    assert any("a sample cannot be measured" in note for note in own.notes)


def test_figures_are_json_even_where_hardly_anybody_is_judged(context):
    previous, samples.MIN_USERS = samples.MIN_USERS, 4
    own = context.with_config(with_evaluation(context.config, ks=(3,), metric="recall@3"))
    try:
        found = measure_samples(own, ingest(own))
    finally:
        samples.MIN_USERS = previous
    assert found
    json.dumps(found, allow_nan=False)
