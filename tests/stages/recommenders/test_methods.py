"""Every method's scores through its stages, against dense arithmetic on the same small matrix."""

import numpy as np
import pytest
from reference import full_svd
from running import open_context
from scipy.sparse.csgraph import connected_components
from small_matrices import gram, normalized, power

from cfdist.backends import get_backend
from cfdist.errors import ConfigError
from cfdist.schema import RECOMMENDERS
from cfdist.settings import SpectralSettings
from cfdist.stages.factor_tables import factor_tables
from cfdist.stages.factorize import factorize
from cfdist.stages.fitting import Fitting
from cfdist.stages.ingest import ingest
from cfdist.stages.item_paths import item_paths
from cfdist.stages.raw_neighbors import raw_neighbors
from cfdist.stages.recommend import recommend
from cfdist.stages.recommenders import Rows, prepare
from cfdist.stages.recommenders.tiles import TILE_BYTES, tile_rows
from cfdist.stages.reweight import normalize_degrees, scale_columns
from cfdist.stages.spectral import spectral, spectral_filter

N_USERS, N_ARTICLES = 41, 18


def rows_of_a_matrix() -> dict[str, list]:
    """A connected graph; counts of 1 to 3, and pairs that are owned with weight 0."""
    rng = np.random.default_rng(4)
    rows = []
    for user in range(N_USERS - 1):
        taken = {user % N_ARTICLES, (user + 1) % N_ARTICLES, *rng.integers(0, N_ARTICLES, 3)}
        rows += [(user, int(a), 1) for a in taken for _ in range(rng.integers(1, 4))]
    twin = [(N_USERS - 1, article, n) for user, article, n in rows if user == 0]
    rows += twin * 2  # the articles of user 0 in other numbers
    rows += [(7, 14, -1), (9, 2, -1), (9, 2, 0)]  # returned or not a purchase: owned all the same
    users, articles, quantities = zip(*rows, strict=True)
    return {"user_id": list(users), "article_id": list(articles), "quantity": list(quantities)}


@pytest.fixture(scope="module", params=[1, 4], ids=["one block", "four blocks"])
def fitting(tmp_path_factory, request):
    """The matrix in one block and in several; all components there are."""
    from cfdist.stages import ingest as ingest_module

    original = ingest_module.n_blocks
    ingest_module.n_blocks = lambda rows: request.param
    try:
        given = {
            "factorize": {"n_components": N_ARTICLES, "tolerance": 1e-8, "svd_iterations": 60},
            "recommend": {"n_recommendations": 6},
            "neighbors": {"n_similar_users": 5},
        }
        with open_context(tmp_path_factory.mktemp("m"), rows_of_a_matrix(), given) as context:
            context.memory = {}
            found = Fitting(context, ingest(context))
            assert len(found.matrix.blocks) == request.param
            yield found
    finally:
        ingest_module.n_blocks = original


def under(fitting: Fitting, method: str, **settings) -> Fitting:
    """The same rows under another method and its settings."""
    config = fitting.context.config
    chosen = {"method": method}
    if settings:
        chosen[method] = getattr(config.recommend, method).model_copy(update=settings)
    changed = config.recommend.model_copy(update=chosen)
    own = fitting.context.with_config(config.model_copy(update={"recommend": changed}))
    return Fitting(own, fitting.interactions)


def with_components(fitting: Fitting, n: int) -> Fitting:
    config = fitting.context.config
    few = config.factorize.model_copy(update={"n_components": n})
    own = fitting.context.with_config(config.model_copy(update={"factorize": few}))
    return Fitting(own, fitting.interactions)


def dense_of(matrix) -> np.ndarray:
    return np.vstack([b.result().to_scipy().toarray() for b in matrix.blocks]).astype(float)


def owned_of(fitting: Fitting) -> np.ndarray:
    """Every pair ever seen, weight 0 too."""
    found = []
    for future in fitting.matrix.blocks:
        block = future.result()
        owned = np.zeros(block.shape, bool)
        owned[np.repeat(np.arange(block.shape[0]), np.diff(block.indptr)), block.indices] = True
        found.append(owned)
    return np.vstack(found)


def binary_of(fitting: Fitting) -> np.ndarray:
    return (dense_of(fitting.matrix) > 0).astype(float)


def tiles_of(fitting: Fitting, method: str) -> np.ndarray:
    """The dense scores that the stage's tasks would have, for all users."""
    source = prepare(method, fitting)
    found = []
    with fitting.context.stage("test", source.key) as stage:
        for future, arguments in zip(fitting.matrix.blocks, source.arguments(stage), strict=True):
            block = future.result()
            rows = Rows(block, block, np.arange(block.shape[0]))
            values = fitting.context.client.gather(list(arguments))
            found.append(source.tile(get_backend("cpu"), rows, 0, block.shape[0], *values))
    return np.vstack(found)


def lists_of(fitting: Fitting, **more) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Articles, scores and sources of all users."""
    blocks = [block.result() for block in recommend(fitting, **more).lists]
    return tuple(
        np.vstack([block[name][block["row_of_user"]] for block in blocks])
        for name in ("articles", "scores", "sources")
    )


def close(found: np.ndarray, expected: np.ndarray, where=None) -> None:
    where = np.ones_like(expected, bool) if where is None else where
    scale = np.abs(expected[where]).max()
    np.testing.assert_allclose(found[where], expected[where], atol=2e-4 * scale)


# the oracles: the formulas as the docstrings have them


def by_weights(weights: np.ndarray, table: np.ndarray) -> np.ndarray:
    weights = np.maximum(weights, 0)
    sums, mass = weights @ np.maximum(table, 0), weights.sum(axis=1, keepdims=True)
    return np.divide(sums, mass, out=np.zeros_like(sums), where=mass > 0)


def top(scores: np.ndarray, k: int, allowed: np.ndarray) -> np.ndarray:
    """Scores outside of the k best of a row, or not above 0, set to 0."""
    kept = np.zeros_like(scores)
    for row in range(len(scores)):
        columns = [c for c in range(scores.shape[1]) if allowed[row, c] and scores[row, c] > 1e-9]
        # ties are broken in float32, by column
        columns.sort(key=lambda c: (-np.float32(scores[row, c]), c))
        kept[row, columns[:k]] = scores[row, columns[:k]]
    return kept


def raw_by_hand(fitting: Fitting, power_: float, damping: float, k: int) -> np.ndarray:
    weights, binary = dense_of(fitting.matrix), binary_of(fitting)
    damped = binary * power(binary.sum(axis=0), -damping)
    units = damped / np.maximum(np.linalg.norm(damped, axis=1, keepdims=True), 1e-12)
    assert len(np.unique(weights, axis=0)) == len(weights), "no two users share a history here"
    owned = owned_of(fitting)
    allowed = (owned[:, None, :] != owned[None, :, :]).any(axis=2)
    cosines = top(units @ units.T, k, allowed)
    return by_weights(cosines**power_, weights)


def rp3beta_by_hand(fitting: Fitting, alpha: float, beta: float, k: int) -> np.ndarray:
    binary = binary_of(fitting)
    d_user, d_article = binary.sum(axis=1), binary.sum(axis=0)
    step_to_user = (binary * power(d_article, -1)).T ** alpha
    step_to_article = (binary.T * power(d_user, -1)).T ** alpha
    paths = (step_to_user @ step_to_article) * power(d_article, -beta)
    lists = top(paths, k, ~np.eye(N_ARTICLES, dtype=bool))
    table = lists / np.maximum(lists.sum(axis=1, keepdims=True), 1e-300)
    return by_weights(dense_of(fitting.matrix), table)


def ease_by_hand(matrix: np.ndarray, ridge: float) -> np.ndarray:
    inverse = np.linalg.inv(matrix.T @ matrix + ridge * np.eye(matrix.shape[1]))
    return matrix @ (np.eye(matrix.shape[1]) - inverse / np.diag(inverse))


def spectral_by_hand(fitting: Fitting, **settings) -> np.ndarray:
    binary = binary_of(fitting)
    own = under(fitting, "spectral", **settings).context.config.recommend.spectral
    a, b = own.user_exponent, own.article_exponent
    scaled, degrees = normalized(binary, a, b), binary.sum(axis=0)
    left, _, right = full_svd(scaled)
    v = right[: own.n_components].T
    chosen = spectral_filter(own)
    if chosen is None:
        u = left[:, : own.n_components]
        return u @ u.T @ binary
    values, vectors = np.linalg.eigh(gram(binary, a, b))

    def response(polynomial):
        return (vectors * polynomial.response(values)) @ vectors.T

    beta, gamma = chosen.article_exponent, chosen.low_pass_exponent
    x = binary * power(degrees, -beta)
    scores = x @ response(chosen.history) * power(degrees, beta)
    low = chosen.low_pass_weight * binary * power(degrees, -gamma) @ v
    return scores + low @ (response(chosen.low_pass) @ (power(degrees, gamma)[:, None] * v)).T


FILTERS = {
    "gf_cf": {"filter": "gf_cf", "n_components": 4},
    "gf_cf weighed": {"filter": "gf_cf", "n_components": 3, "low_pass": 0.7},
    "other exponents": {"filter": "gf_cf", "n_components": 4, "user_exponent": 0.6,
                        "article_exponent": 0.3},
    "bspm": {"filter": "bspm", "n_components": 4, "sharpness": 1.3},
    "cheby": {"filter": "cheby", "n_components": 4, "sharpness": 2.0, "popularity": 0.3},
    "linear": {"filter": "linear"},
    "svd_ae": {"filter": "svd_ae", "n_components": 4},
}  # fmt: skip


@pytest.mark.parametrize("name", FILTERS)
def test_spectral(fitting, name):
    own = under(fitting, "spectral", **FILTERS[name])
    close(tiles_of(own, "spectral"), spectral_by_hand(fitting, **FILTERS[name]))


def test_the_largest_singular_value_of_a_connected_graph_is_one(fitting):
    binary = binary_of(fitting)
    graph = np.block([
        [np.zeros((N_USERS, N_USERS)), binary], [binary.T, np.zeros((N_ARTICLES, N_ARTICLES))],
    ])  # fmt: skip
    assert connected_components(graph)[0] == 1
    reweighted = normalize_degrees(fitting.context, fitting.matrix, 0.5, 0.5)
    np.testing.assert_allclose(dense_of(reweighted), normalized(binary), rtol=1e-6)
    factors = factorize(fitting.context, reweighted)
    assert factors.meta["singular_values"][0] == pytest.approx(1, abs=1e-6)
    norm = np.square(normalized(binary)).sum()
    assert reweighted.meta["squared_norm"] == pytest.approx(norm, rel=1e-6)


@pytest.mark.parametrize("scaling", [0.0, 0.4, 1.0])
def test_columns_are_scaled_by_their_users(fitting, scaling):
    dense, users = dense_of(fitting.matrix), binary_of(fitting).sum(axis=0)
    scaled = scale_columns(fitting.context, fitting.matrix, scaling)
    expected = dense * power(users, scaling - 1)
    np.testing.assert_allclose(dense_of(scaled), expected, rtol=1e-6)
    assert scaled.meta["squared_norm"] == pytest.approx(np.square(expected).sum(), rel=1e-6)
    articles = scaled.articles.result()
    np.testing.assert_array_equal(articles["n_users"], users)
    np.testing.assert_allclose(articles["column_sum"], expected.sum(axis=0), rtol=1e-6)


@pytest.mark.parametrize("ridge", [0.5, 30.0])
def test_low_rank_ease_at_full_rank_is_dense_ease(fitting, ridge):
    own = under(fitting, "latent", ease_lambda=ridge)
    dense = dense_of(fitting.matrix)
    close(tiles_of(own, "latent"), ease_by_hand(dense, ridge), ~owned_of(fitting))


def test_ease_of_few_components_by_its_formula(fitting):
    """(r V W) · V_j / (1 − h_j), W = diag(σ² / (σ² + λ)), h_j = Σ_k w_k V_jk²."""
    own = with_components(under(fitting, "latent", ease_lambda=3.0), 5)
    dense = dense_of(fitting.matrix)
    _, sigma, right = full_svd(dense)
    v, w = right[:5].T, sigma[:5] ** 2 / (sigma[:5] ** 2 + 3.0)
    close(tiles_of(own, "latent"), dense @ (v * w) @ v.T / (1 - np.square(v) @ w))


@pytest.mark.parametrize("scaling", [1.0, 0.3])
def test_latent_is_the_projection_on_the_factors(fitting, scaling):
    own = with_components(under(fitting, "latent", article_scaling=scaling), 4)
    dense = dense_of(fitting.matrix)
    scaled = dense * power(binary_of(fitting).sum(axis=0), scaling - 1)
    v = full_svd(scaled)[2][:4].T
    close(tiles_of(own, "latent"), dense @ v @ v.T)
    assert factor_tables(own).articles.result().shape == (N_ARTICLES, 4)


@pytest.mark.parametrize(("cosine_power", "damping"), [(1.0, 0.5), (2.0, 0.0), (3.0, 1.0)])
def test_raw_user_neighbors(fitting, cosine_power, damping):
    own = under(
        fitting, "user_neighbors", space="raw", cosine_power=cosine_power, article_damping=damping
    )
    close(tiles_of(own, "user_neighbors"), raw_by_hand(fitting, cosine_power, damping, 5))
    found = raw_neighbors(own).users.result()
    assert found["ids"].shape == (own.profiles.n_profiles, 5)


@pytest.mark.parametrize(("alpha", "beta", "k"), [(0.6, 0.3, 100), (1.0, 0.0, 4)])
def test_rp3beta(fitting, alpha, beta, k):
    own = under(
        fitting, "item_neighbors", similarity="rp3beta", alpha=alpha, beta=beta, n_neighbors=k
    )
    close(tiles_of(own, "item_neighbors"), rp3beta_by_hand(fitting, alpha, beta, k))
    sums = item_paths(own).table.result().to_scipy().sum(axis=1)
    np.testing.assert_allclose(sums, 1, rtol=1e-6)


NOTHING = {"spectral": 0.0, "user_neighbors": 0.0, "item_neighbors": 0.0, "latent": 0.0}
PARTS = ["spectral", "user_neighbors", "item_neighbors", "latent"]


@pytest.mark.parametrize("part", PARTS)
def test_a_blend_of_one_part_ranks_as_that_part(fitting, part):
    ease = under(fitting, "latent", ease_lambda=3.0)  # else `latent` of full rank scores zeros
    alone = lists_of(under(ease, part), filled=False)
    blended = lists_of(under(ease, "blend", **NOTHING | {part: 0.7}), filled=False)
    n_ranked = (alone[0] >= 0).sum(axis=1)
    for row, n in enumerate(n_ranked.tolist()):
        # float32 quotients may tie what the part itself could tell apart
        own = dict(zip(alone[0][row, :n].tolist(), alone[1][row, :n].tolist(), strict=True))
        same = alone[0][row, :n] == blended[0][row, :n]
        for place in np.flatnonzero(~same):
            a, b = alone[0][row, place], blended[0][row, place]
            assert own[a] == pytest.approx(own.get(b, own[a]), rel=1e-5)
    assert n_ranked.mean() > 5


def test_a_blend_is_the_weighted_sum_of_parts_over_their_best(fitting):
    own = under(fitting, "blend", **NOTHING | {"spectral": 1.0, "latent": 0.5})
    owned = owned_of(fitting)
    expected = 0
    for part, weight in (("spectral", 1.0), ("latent", 0.5)):
        tile = tiles_of(under(fitting, part), part).astype(float)
        best = np.where(owned, -np.inf, tile).max(axis=1, keepdims=True)
        expected = expected + weight * tile / best
    close(tiles_of(own, "blend"), expected)


SETTINGS = {
    "spectral": ("spectral", {"n_components": 4}),
    "svd_ae": ("spectral", {"filter": "svd_ae", "n_components": 4}),
    "blend": ("blend", {}),
    "ease": ("latent", {"ease_lambda": 3.0}),
    "scaled": ("latent", {"article_scaling": 0.5}),
    "rp3beta": ("item_neighbors", {"similarity": "rp3beta"}),
    "raw": ("user_neighbors", {"space": "raw", "cosine_power": 2.0}),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_lists_are_the_best_scores_not_owned_and_then_full(fitting, name):
    method, settings = SETTINGS[name]
    own = under(fitting, method, **settings)
    articles, scores, sources = lists_of(own)
    tile, owned = tiles_of(own, method), owned_of(fitting)
    source = RECOMMENDERS.index(method)
    assert (articles >= 0).all(), "exactly N"
    for row in range(N_USERS):
        assert len(set(articles[row].tolist())) == 6
        assert not owned[row, articles[row]].any()
        listed = articles[row, sources[row] == source]
        free = np.flatnonzero(~owned[row])
        best = np.sort(tile[row, free])[::-1][: len(listed)]
        np.testing.assert_allclose(tile[row, listed], best, rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(
            scores[row, : len(listed)], tile[row, listed], rtol=1e-4, atol=1e-6
        )


def test_spectral_has_its_own_number_of_components(fitting):
    found = spectral(under(fitting, "spectral", n_components=3))
    assert found.articles.result().shape == (N_ARTICLES, 3)
    assert fitting.factors.n_components == N_ARTICLES


def test_tiles_are_bounded_in_rows_and_bytes():
    assert tile_rows(10) == 512
    assert tile_rows(100_000) * 100_000 * 4 <= TILE_BYTES
    assert tile_rows(10**9) == 1


@pytest.mark.parametrize(
    ("which", "setting"),
    [
        ("linear", "low_pass"),
        ("svd_ae", "low_pass"),
        ("gf_cf", "sharpness"),
        ("bspm", "popularity"),
    ],
)
def test_a_setting_that_the_filter_lacks_is_refused(which, setting):
    with pytest.raises(ConfigError, match=f"{setting} is set, and the filter {which} has none"):
        spectral_filter(SpectralSettings(**{"filter": which, setting: 0.5}))
