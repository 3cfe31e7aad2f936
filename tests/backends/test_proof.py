import json
from types import SimpleNamespace

import numpy as np
import pytest
from strict.installing import strict_packages

from cfdist.algorithms.csr import empty_rows
from cfdist.backends import get_backend
from cfdist.backends.proof import TOLERANCE, prove, require_proof
from cfdist.backends.proof_steps import CUDF_STEPS, STEPS, known_data
from cfdist.errors import EXIT_CONFIG, ClusterError, DeviceError, ResourceError

CPU = get_backend("cpu")


@pytest.fixture
def gpu():
    """The GPU backend on stand-ins."""
    with strict_packages():
        get_backend.cache_clear()
        yield get_backend("gpu")
    get_backend.cache_clear()


class Changed:
    """The CPU backend, but for what a test replaces."""

    name = "gpu"

    def __init__(self, **changes):
        self.__dict__.update(changes)

    def __getattr__(self, name):
        return getattr(CPU, name)


class Operator:
    """A block whose products go through ``change`` before anybody sees them."""

    def __init__(self, block, dtype, change):
        self.inner, self.change = CPU.csr(block, dtype), change

    def __getattr__(self, name):
        return lambda *given: self.change(getattr(self.inner, name)(*given))


def products(change):
    return Changed(csr=lambda block, dtype: Operator(block, dtype, change))


def steps(checks):
    return [check.step for check in checks if not check.is_right]


PRODUCTS = ["X @ V", "Xᵀ @ Y", "Xᵀ(X @ V)", "XᵀX and XXᵀ"]


def test_the_cpu_is_right():
    assert [check.step for check in require_proof(CPU)] == list(STEPS)


def test_the_gpu_is_right_on_stand_ins(gpu):
    assert [check.step for check in require_proof(gpu)] == [*STEPS, *CUDF_STEPS]


@pytest.mark.parametrize("name", ["factorize", "hash_values"])
def test_ids_that_cudf_sorts_or_hashes_in_another_way_are_named(gpu, monkeypatch, name):
    import cudf

    right = getattr(cudf.Series, name)

    def wrong(self, **given):
        return right(cudf.concat([self.iloc[1:], self.iloc[:1]], ignore_index=True), **given)

    monkeypatch.setattr(cudf.Series, name, wrong)
    assert steps(prove(gpu)) == ["ids, sorted and hashed"]


def test_the_data_are_always_the_same_and_have_the_odd_cases():
    first, second = known_data(), known_data()
    assert all(np.array_equal(a, b) for a, b in zip(first.block[:3], second.block[:3], strict=True))
    assert first.block.shape == (1000, 64)
    assert (np.diff(first.block.indptr) == 0).any()
    assert (first.block.data == 0).any()


@pytest.mark.parametrize(
    "change",
    [
        lambda value: value * 0,  # cuSPARSE that returns zeros in silence
        lambda value: value * (1 + 3 * TOLERANCE),
        lambda value: value[::-1],
        lambda value: value[:-1],
        lambda value: value[:1],
        lambda value: np.full_like(value, np.nan),
    ],
    ids=["zeros", "off", "order", "shape", "one row", "nan"],
)
def test_products_that_are_off_are_named(change):
    with pytest.raises(DeviceError) as caught:
        require_proof(products(change))
    for step in PRODUCTS:
        assert step in caught.value.message
    assert "truncated SVD" not in caught.value.message
    assert "--backend cpu" in caught.value.remedy
    assert caught.value.exit_code == EXIT_CONFIG


def test_what_is_not_a_number_in_a_later_array_is_seen():
    class Half(Operator):
        def user_gram(self):
            return np.full((1000, 1000), np.nan)

    changed = Changed(csr=lambda block, dtype: Half(block, dtype, lambda value: value))
    assert steps(prove(changed)) == ["XᵀX and XXᵀ"]


def test_the_last_bits_may_differ():
    assert steps(prove(products(lambda value: value * (1 + TOLERANCE / 10)))) == []


def test_copies_that_come_back_changed_are_named():
    def to_host(value):
        return value._replace(left=value.left + 1) if hasattr(value, "left") else value

    assert steps(prove(Changed(to_host=to_host))) == ["copies to the device and back"]


def test_a_wrong_svd_is_named():
    def truncated_svd(tall, small, n):
        values, vectors = CPU.truncated_svd(tall, small, n)
        return values, vectors[::-1]

    assert steps(prove(Changed(truncated_svd=truncated_svd))) == ["truncated SVD"]


@pytest.mark.parametrize("place", [0, 4])
def test_neighbours_that_are_not_the_nearest_are_named(place):
    def search(*given):
        queries, ids, scores, n_pairs = CPU.neighbors.search(*given)
        ids[3, place] = queries[3]  # itself
        return queries, ids, scores, n_pairs

    functions = {name: getattr(CPU.neighbors, name) for name in dir(CPU.neighbors)}
    neighbors = SimpleNamespace(**{**functions, "search": search})
    assert steps(prove(Changed(neighbors=neighbors))) == ["nearest neighbours"]


def test_lists_that_hold_what_is_owned_are_named():
    def fill_latent(lists, users, items, blocked, source):
        CPU.scoring.fill_latent(lists, users, items, empty_rows(blocked.shape), source)

    scoring = SimpleNamespace(fill_latent=fill_latent, mean_through=CPU.scoring.mean_through)
    assert steps(prove(Changed(scoring=scoring))) == ["best of factors, owned masked"]


def test_lists_that_are_not_the_best_are_named():
    def fill_latent(lists, *given):
        CPU.scoring.fill_latent(lists, *given)
        lists.articles[7, -1], lists.scores[7, -1] = lists.articles[7, 0], lists.scores[7, 0]

    scoring = SimpleNamespace(fill_latent=fill_latent, mean_through=CPU.scoring.mean_through)
    assert steps(prove(Changed(scoring=scoring))) == ["best of factors, owned masked"]


def test_wrong_means_are_named():
    scoring = SimpleNamespace(
        fill_latent=CPU.scoring.fill_latent,
        mean_through=lambda weights, table: np.zeros(weights.shape, np.float32),
    )
    assert steps(prove(Changed(scoring=scoring))) == ["means through neighbours"]


def failing(name, text):
    kind = type(name, (RuntimeError,), {"__module__": "cupy_backends.cuda.api.runtime"})

    def truncated_svd(*given):
        raise kind(text)

    return Changed(truncated_svd=truncated_svd)


def test_an_error_is_a_wrong_step_and_the_others_are_tried():
    checks = prove(failing("CUSOLVERError", "CUSOLVER_STATUS_INTERNAL_ERROR"))
    assert steps(checks) == ["truncated SVD"]
    assert "CUSOLVER_STATUS_INTERNAL_ERROR" in checks[list(STEPS).index("truncated SVD")].found


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("cudaErrorIllegalAddress: an illegal memory access", ClusterError),
        ("cudaErrorMemoryAllocation: out of memory", ResourceError),
    ],
)
def test_a_lost_device_ends_the_proof(text, kind):
    with pytest.raises(kind):
        prove(failing("CUDARuntimeError", text))


def test_one_reason_is_said_once():
    def to_device(value):
        raise ValueError("no device")

    with pytest.raises(DeviceError) as caught:
        require_proof(Changed(to_device=to_device))
    assert caught.value.message.count("no device") == 1
    assert json.dumps(caught.value.message)
