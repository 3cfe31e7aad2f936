"""Mistakes with sparse matrices, cuML, cuVS and cuDF: caught, and the corrected form passes."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import scipy.sparse as sp
from strict.installing import strict_packages

M = sp.random(40, 12, 0.3, "csr", dtype=np.float32, random_state=3)
M.sort_indices()
DENSE = np.random.default_rng(0).standard_normal((12, 5)).astype(np.float32)
TABLE = pa.table(
    {
        "user": ["b", "a", None, "c", "a"],
        "quantity": pa.array([1, None, 3, 4, 5], pa.int64()),
        "price": [1.5, float("nan"), None, 2.0, 3.0],
    }
)
ROWS = np.random.default_rng(1).standard_normal((30, 4)).astype(np.float32)


@pytest.fixture(scope="module")
def d(tmp_path_factory):
    """The stand-ins, a matrix and a frame on the device, and a file."""
    path = tmp_path_factory.mktemp("strict") / "rows.parquet"
    pq.write_table(TABLE, path)
    with strict_packages(seed=1) as device:
        import cudf
        import cuml
        import cupy
        from cupyx.scipy.sparse import csr_matrix
        from cuvs.neighbors import brute_force

        parts = tuple(cupy.asarray(one) for one in (M.data, M.indices, M.indptr))
        yield SimpleNamespace(
            device=device, cp=cupy, csr=csr_matrix, svd=cuml.TruncatedSVD, search=brute_force,
            parts=parts, m=csr_matrix(parts, shape=M.shape), v=cupy.asarray(DENSE),
            cudf=cudf, f=cudf.DataFrame.from_arrow(TABLE), path=str(path), rows=cupy.asarray(ROWS),
            square=cupy.asarray(DENSE.T @ DENSE),
        )  # fmt: skip


REFUSED = {
    "integers in CSR": (
        lambda d: d.csr((d.parts[1], *d.parts[1:]), shape=M.shape),
        lambda d: d.csr((d.parts[1].astype("f4"), *d.parts[1:]), shape=M.shape),
    ),
    "float16 in CSR": (
        lambda d: d.csr((d.parts[0].astype("f2"), *d.parts[1:]), shape=M.shape),
        lambda d: d.csr((d.parts[0].astype("f8"), *d.parts[1:]), shape=M.shape),
    ),
    "CSR of host arrays": (
        lambda d: d.csr((M.data, M.indices, M.indptr), shape=M.shape),
        lambda d: d.csr(d.parts, shape=M.shape),
    ),
    "CSR @ host": (lambda d: d.m @ DENSE, lambda d: d.m @ d.v),
    "host @ CSR": (lambda d: DENSE.T @ d.m.T, lambda d: d.v.T @ d.m.T),
    "CSR @ CSR": (lambda d: d.m.T @ d.m, lambda d: d.m.T @ d.m.toarray(order="F")),
    "CSR to NumPy": (lambda d: np.asarray(d.m), lambda d: d.m.get()),
    "getnnz(axis)": (lambda d: d.m.getnnz(axis=1), lambda d: d.cp.diff(d.m.indptr)),
    "some rows": (lambda d: d.m[[1, 5]], lambda d: d.m[1:5]),
    "a SciPy method": (lambda d: d.m.check_format(), lambda d: d.m.sum_duplicates()),
    "a wrong length of indptr": (
        lambda d: d.csr(d.parts, shape=(41, 12)),
        lambda d: d.csr(d.parts, shape=(40, 12)),
    ),
    "TruncatedSVD of CSR": (lambda d: d.svd().fit(d.m), lambda d: d.svd().fit(d.m.toarray())),
    "TruncatedSVD of the host": (lambda d: d.svd().fit(ROWS), lambda d: d.svd().fit(d.rows)),
    "TruncatedSVD, too many": (
        lambda d: d.svd(n_components=5).fit(d.rows),
        lambda d: d.svd(n_components=4).fit(d.rows),
    ),
    "TruncatedSVD of NaN": (lambda d: d.svd().fit(d.rows * np.nan), lambda d: d.svd().fit(d.rows)),
    "an unknown metric": (
        lambda d: d.search.build(d.rows, metric="dot"),
        lambda d: d.search.build(d.rows, metric="inner_product"),
    ),
    "an unknown parameter of build": (
        lambda d: d.search.build(d.rows, distance="cosine"),
        lambda d: d.search.build(d.rows, metric="cosine"),
    ),
    "search of the host": (
        lambda d: d.search.build(ROWS),
        lambda d: d.search.search(d.search.build(d.rows), d.rows, 2),
    ),
    "search in float64": (
        lambda d: d.search.build(d.rows.astype("f8")),
        lambda d: d.search.build(d.rows.astype("f2")),
    ),
    "neighbours to NumPy": (
        lambda d: np.asarray(found(d, 2)[1]),
        lambda d: d.cp.asarray(found(d, 2)[1]).get(),
    ),
    "neighbours in cupy": (
        lambda d: d.cp.sort(found(d, 2)[1]),
        lambda d: d.cp.sort(d.cp.asarray(found(d, 2)[1])),
    ),
    "frame to NumPy": (lambda d: np.asarray(d.f["price"]), lambda d: d.f["price"].to_cupy()),
    "frame to pandas": (lambda d: pd.Series(d.f["price"]), lambda d: d.f["price"].to_pandas()),
    "frame to Arrow": (lambda d: pa.array(d.f["user"]), lambda d: d.f["user"].to_arrow()),
    "frame and host": (lambda d: d.f["price"] + np.ones(5), lambda d: d.f["price"] + d.cp.ones(5)),
    "series of the host": (
        lambda d: d.cudf.Series(np.ones(3)),
        lambda d: d.cudf.Series(d.cp.ones(3)),
    ),
    "frame of the host": (
        lambda d: d.cudf.DataFrame({"a": np.ones(3)}),
        lambda d: d.cudf.DataFrame({"a": d.cp.ones(3)}),
    ),
    "iterating a series": (
        lambda d: list(d.f["user"]),
        lambda d: d.f["user"].to_arrow().to_pylist(),
    ),
    "a method of pandas alone": (lambda d: d.f.to_records(), lambda d: d.f.to_arrow()),
    "a parameter of pandas alone": (
        lambda d: d.cudf.read_parquet(d.path, dtype_backend="pyarrow"),
        lambda d: d.cudf.read_parquet(d.path, columns=["user"], row_groups=[[0]]),
    ),
    "text in cupy": (lambda d: d.f["user"].to_cupy(), lambda d: d.f["user"].factorize(sort=True)),
    "concat with the host": (
        lambda d: d.cudf.concat([d.f, TABLE.to_pandas()]),
        lambda d: d.cudf.concat([d.f, d.f], ignore_index=True),
    ),
}  # fmt: skip

MEANINGS = {
    "products come in C order": (
        lambda d: (d.m @ d.v).flags.c_contiguous,
        lambda d: d.cp.ascontiguousarray(d.m @ d.v).flags.c_contiguous,
    ),
    "Xᵀ Y to the bit": (
        lambda d: all((d.m.T @ (d.m @ d.v) == d.m.T @ (d.m @ d.v)).all() for _ in range(4)),
        lambda d: d.cp.allclose(d.m.T @ (d.m @ d.v), d.m.T @ (d.m @ d.v), rtol=1e-4, atol=1e-5),
    ),
    "a product leaves its operand as it was": (
        lambda d: sorts_its_operand(d, lambda parts: parts),
        lambda d: sorts_its_operand(d, lambda parts: [one.copy() for one in parts]),
    ),
    "equal neighbours by position": (
        lambda d: same_twins(d, lambda places: places),
        lambda d: same_twins(d, lambda places: d.cp.sort(places, axis=1)),
    ),
    "k neighbours of fewer rows": (
        lambda d: int(d.cp.asarray(found(d, 31)[1]).min()) >= 0,
        lambda d: int(d.cp.asarray(found(d, 30)[1]).min()) >= 0,
    ),
    "inner products are distances": (
        lambda d: bool((diffs(d, "inner_product") >= 0).all()),
        lambda d: bool((diffs(d, "sqeuclidean") >= 0).all()),
    ),
    "integers with nulls are integers": (
        lambda d: d.f["quantity"].to_cupy().dtype == np.int64,
        lambda d: d.f["quantity"].fillna(0).to_cupy().dtype == np.int64,
    ),
    "NaN is not null": (
        lambda d: int(d.f["price"].isna().to_cupy().sum()) == 1,
        lambda d: int(d.f["price"].isna().to_cupy().sum()) == 2,
    ),
    "groups are sorted": (
        lambda d: all(first_groups(d) == ["a", "b", "c"] for _ in range(12)),
        lambda d: all(first_groups(d, sort=True) == ["a", "b", "c"] for _ in range(12)),
    ),
}


def found(d, k, metric="inner_product"):
    return d.search.search(d.search.build(d.rows, metric=metric), d.rows, k)


def diffs(d, metric):
    return d.cp.diff(d.cp.asarray(found(d, 5, metric)[0]), axis=1)


def same_twins(d, settle):
    """Whether eight searches among equal rows find the same, once the order is settled."""
    index = d.search.build(d.cp.ones((6, 4), "f4"), metric="inner_product")
    places = [
        settle(d.cp.asarray(d.search.search(index, d.cp.ones((3, 4), "f4"), 6)[1]))
        for _ in range(8)
    ]
    return all(bool((one == places[0]).all()) for one in places)


def sorts_its_operand(d, prepared):
    """Whether the indices that a caller still has are unsorted after a product."""
    data, indices = d.cp.asarray(np.ones(3, "f4")), d.cp.asarray(np.array([2, 0, 1], "i4"))
    parts = prepared([data, indices, d.cp.asarray(np.array([0, 3], "i4"))])
    d.csr(tuple(parts), shape=(1, 12)) @ d.v
    return indices.tolist() == [2, 0, 1]


def first_groups(d, **keywords):
    return (
        d.f.groupby("user", **keywords)
        .agg({"quantity": "sum"})
        .reset_index()["user"]
        .to_arrow()
        .to_pylist()
    )


@pytest.mark.parametrize("mistake", REFUSED)
def test_what_a_library_refuses(d, mistake):
    wrong, right = REFUSED[mistake]
    with pytest.raises((TypeError, ValueError, KeyError, AttributeError, NotImplementedError)):
        wrong(d)
    right(d)


@pytest.mark.parametrize("mistake", MEANINGS)
def test_what_means_something_else_on_a_device(d, mistake):
    wrong, right = MEANINGS[mistake]
    assert not wrong(d)
    assert right(d)


def test_an_unknown_metric_is_a_key_error_as_in_cuvs(d):
    with pytest.raises(KeyError, match="dot"):
        d.search.build(d.rows, metric="dot")
