import pytest
from conftest import quick_config
from hypothesis import given
from hypothesis import strategies as st

from cfdist.config import Config, flatten, unflatten
from cfdist.errors import ConfigError
from cfdist.evaluation.candidates import (
    SIMPLEST_FIRST,
    Candidate,
    default_candidates,
    own_candidate,
    parse_candidates,
    popular_candidate,
)
from cfdist.schema import RECOMMENDERS

WORDS = st.sampled_from(["a", "b", "c"])
NESTED = st.recursive(
    st.integers() | st.none() | st.text(),
    lambda inner: st.dictionaries(WORDS, inner, min_size=1, max_size=3),
    max_leaves=12,
).filter(lambda value: isinstance(value, dict))


@given(NESTED)
def test_unflatten_undoes_flatten(values):
    assert unflatten(flatten(values)) == values


def test_unflatten_of_all_settings():
    values = Config.load(None, {"ingest": {"storage_options": {"a.b": 1}}}).model_dump()
    assert unflatten(flatten(values)) == values


def test_every_method_has_its_place_in_simplicity():
    assert sorted(SIMPLEST_FIRST) == sorted(RECOMMENDERS)
    ranks = [Candidate(m, {"recommend.method": m}).simplicity for m in SIMPLEST_FIRST]
    assert ranks == list(range(len(SIMPLEST_FIRST)))
    assert popular_candidate().simplicity == 0


@pytest.mark.parametrize("owned", ["exclude", "include"])
def test_default_candidates_are_every_method_simplest_first(tmp_path, owned):
    config = quick_config(tmp_path, {"recommend": {"owned": owned}})
    found = default_candidates(config)
    methods = [candidate.method for candidate in found]
    assert set(methods) == set(SIMPLEST_FIRST) - ({"history"} if owned == "exclude" else set())
    ranks = [candidate.simplicity for candidate in found]
    assert ranks == sorted(ranks)
    assert len({candidate.name for candidate in found}) == len(found)
    for candidate in found:
        own = candidate.config(config)
        assert flatten(own.model_dump()) == flatten(config.model_dump()) | candidate.settings
        Config.load(None, own.model_dump())


def test_a_candidate_changes_what_it_names_and_nothing_else(tmp_path):
    config = quick_config(tmp_path, {"recommend": {"latent": {"article_scaling": 0.5}}})
    given = {"recommend.method": "latent", "recommend.latent.ease_lambda": 3.0,
             "factorize.n_components": 4, "matrix.weighting": "bm25"}  # fmt: skip
    own = Candidate("mine", given).config(config)
    assert flatten(own.model_dump()) == flatten(config.model_dump()) | given
    assert config.recommend.latent.ease_lambda is None


@pytest.mark.parametrize(("method", "expected"), [("auto", "user_neighbors"), ("latent", "latent")])
def test_the_own_candidate_can_be_measured(tmp_path, method, expected):
    config = quick_config(tmp_path, {"recommend": {"method": method}})
    own = own_candidate(config)
    assert own.name == own.method == own.config(config).recommend.method == expected


def test_a_table_per_candidate(tmp_path):
    table = {
        "latent": {},
        "dotted": {"recommend.method": "latent", "factorize.n_components": 4},
        "nested": {"recommend": {"method": "spectral", "spectral": {"filter": "cheby"}}},
        "popular": {},
    }
    found = parse_candidates(table, quick_config(tmp_path))
    assert [(c.name, dict(c.settings)) for c in found] == [
        ("latent", {"recommend.method": "latent"}),
        ("dotted", {"recommend.method": "latent", "factorize.n_components": 4}),
        ("nested", {"recommend.method": "spectral", "recommend.spectral.filter": "cheby"}),
        ("popular", {"recommend.method": "popular"}),
    ]


WRONG = {
    "no table": ({"mine": 3}, "'mine' is not a table"),
    "no method": ({"mine": {"factorize.n_components": 4}}, "'mine' has no recommend.method"),
    "unknown method": ({"mine": {"recommend.method": "magic"}}, "'mine' has no recommend.method"),
    "auto": ({"mine": {"recommend.method": "auto"}}, "'mine' has no recommend.method"),
    "no text": ({"mine": {"recommend.method": 3}}, "'mine' has no recommend.method"),
    "section": ({"latent": {"ingest.input": "a"}}, "'latent' sets 'ingest.input'"),
    "evaluation": ({"latent": {"evaluation": {"metric": "map@5"}}}, "'evaluation.metric'"),
    "unknown": ({"latent": {"factorize.n_component": 4}}, "'latent': there is no setting"),
    "type": ({"latent": {"factorize.n_components": "many"}}, "'latent': factorize.n_components"),
    "range": ({"latent": {"recommend.latent.ease_lambda": -1}}, "latent.ease_lambda = -1"),
    "a whole section": ({"latent": {"factorize": 4}}, "'latent': factorize = 4"),
    "the baseline's name": ({"popular": {"recommend.method": "latent"}}, "'popular' has the"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_candidate_is_named_with_what_to_do(tmp_path, name):
    table, words = WRONG[name]
    with pytest.raises(ConfigError) as caught:
        parse_candidates(table, quick_config(tmp_path))
    assert words in caught.value.message
    assert caught.value.remedy


def test_a_candidate_must_not_change_what_lists_may_hold():
    for key in ("owned", "deny", "n_recommendations"):
        with pytest.raises(ConfigError, match="a rule of the shop"):
            parse_candidates(
                {"mine": {"recommend": {"method": "latent", key: "x"}}}, Config.load(None)
            )
