import numpy as np
import pytest
from running import open_context

from cfdist.algorithms.csr import stack
from cfdist.stages import factorize as module
from cfdist.stages.factorize import factorize, truncate
from cfdist.stages.index import index
from cfdist.stages.ingest import ingest
from cfdist.stages.matrix import matrix


def factors_of(context):
    interactions = ingest(context)
    weights = matrix(context, interactions, index(context, interactions))
    dense = stack([f.result() for f in weights.blocks]).to_scipy().toarray().astype(np.float64)
    return dense, factorize(context, weights)


def use(monkeypatch, method):
    """Let the sample be factorized by this method, whatever its size."""
    monkeypatch.setattr(module, "GRAM_ARTICLES", 512 if method == "gram" else 0)
    monkeypatch.setattr(module, "GRAM_USERS", 4096 if method == "gram of users" else 0)


@pytest.mark.parametrize("method", ["gram", "gram of users", "block krylov"])
def test_equals_the_dense_svd(tmp_path, monkeypatch, method):
    use(monkeypatch, method)
    with open_context(tmp_path) as context:
        dense, factors = factors_of(context)
        assert factors.meta["method"] == method
        assert factors.meta["n_passes"] <= 12
        sigma = np.linalg.svd(dense, compute_uv=False)[:16]
        assert np.allclose(factors.singular_values, sigma, rtol=1e-4)
        items = factors.item_factors.result().astype(np.float64)
        users = np.concatenate([f.result() for f in factors.user_factors]).astype(np.float64)
        assert np.allclose(items.T @ items, np.eye(16), atol=1e-5)
        assert np.allclose(users, dense @ items, atol=1e-4)
        assert factors.meta["energy"] == pytest.approx(sigma**2 / np.square(dense).sum(), rel=1e-3)
        variances = users.var(axis=0) / dense.var(axis=0).sum()
        assert factors.meta["explained_variance_ratio"] == pytest.approx(variances, rel=1e-3)


def test_more_components_than_the_matrix_has(tmp_path):
    columns = {"user_id": [1, 1, 2, 3, 3], "article_id": [1, 2, 2, 3, 1]}
    with open_context(tmp_path, columns, {"factorize": {"n_components": 50}}) as context:
        _, factors = factors_of(context)
        assert factors.n_components == 3
        assert any("n_components = 50" in note for note in context.notes)


def test_fewer_rank_than_components_is_told(tmp_path, monkeypatch):
    use(monkeypatch, "block krylov")
    users = [user for user in range(40) for _ in range(10)]
    articles = [10 * (user % 2) + item for user in range(40) for item in range(10)]
    columns = {"user_id": users, "article_id": articles}
    with open_context(tmp_path, columns, {"factorize": {"n_components": 8}}) as context:
        _, factors = factors_of(context)
        assert factors.n_components == 2
        assert any("rank 2" in note for note in context.notes)


def test_wide_spectra_run_in_float64(tmp_path, monkeypatch):
    use(monkeypatch, "block krylov")
    rng = np.random.default_rng(0)
    n = 4000
    articles = rng.integers(0, 80, n)
    columns = {
        "user_id": rng.integers(0, 200, n),
        "article_id": articles,
        "quantity": (10 ** (articles / 16)).astype(int),
    }
    given = {
        "matrix": {"aggregate": "sum", "weighting": "none"},
        "factorize": {"n_components": 70, "svd_iterations": 30},
    }
    with open_context(tmp_path, columns, given) as context:
        dense, factors = factors_of(context)
        sigma = np.linalg.svd(dense, compute_uv=False)[:70]
        assert (sigma[-1] / sigma[0]) ** 2 < 1e-6
        assert factors.meta["dtype"] == "float64"
        assert np.allclose(factors.singular_values, sigma, rtol=1e-4)


def test_the_first_components_are_those_of_a_smaller_factorization(tmp_path):
    with open_context(tmp_path) as context:
        _, factors = factors_of(context)
        few = truncate(context, factors, 5)
        assert few.n_components == 5
        assert few.singular_values.tolist() == factors.singular_values[:5].tolist()
        assert few.item_factors.result().tolist() == factors.item_factors.result()[:, :5].tolist()
        assert [f.result().shape[1] for f in few.user_factors] == [5] * len(factors.user_factors)
        assert truncate(context, factors, 99) is factors
        assert few.key != factors.key
