"""Parts joined are the file that the whole array would give, byte for byte."""

import numpy as np
import pytest
import scipy.sparse as sp

from cfdist.algorithms.csr import CsrBlock, stack
from cfdist.builds import files, parts
from cfdist.errors import BuildError


def some_blocks(n_rows=(3, 0, 4), n_columns=5) -> list[CsrBlock]:
    rng = np.random.default_rng(0)
    blocks = []
    for rows in n_rows:
        matrix = sp.csr_matrix(np.floor(rng.random((rows, n_columns)) * 3).astype(np.float32))
        blocks.append(
            CsrBlock(matrix.data, matrix.indices, matrix.indptr.astype(np.int64), matrix.shape)
        )
    return blocks


def test_an_array_is_the_same_file(tmp_path):
    blocks = [np.arange(6, dtype=np.float32).reshape(3, 2), np.empty((0, 2), np.float32)]
    blocks.append(np.ones((2, 2), np.float32))
    stored = [parts.write_part(tmp_path, block) for block in blocks]
    joined = parts.join_array(tmp_path, "joined.npy", stored)
    whole = files.write_array(tmp_path, "whole.npy", blocks, (5, 2))
    assert joined[2:] == whole[2:]
    assert np.array_equal(np.load(tmp_path / "joined.npy"), np.concatenate(blocks))


def test_a_matrix_is_the_file_that_savez_makes(tmp_path):
    blocks = some_blocks()
    stored = [parts.write_matrix_part(tmp_path, block) for block in blocks]
    joined = parts.join_matrix(tmp_path, "joined.npz", stored)
    whole = stack(blocks)
    np.savez(
        tmp_path / "whole.npz", allow_pickle=False, data=whole.data, indices=whole.indices,
        indptr=whole.indptr, shape=np.array(whole.shape), format=np.array(b"csr"),
    )  # fmt: skip
    assert (tmp_path / "joined.npz").read_bytes() == (tmp_path / "whole.npz").read_bytes()
    assert joined.sha256 == files.sha256_of(tmp_path / "whole.npz")
    assert joined.rows == 7
    dense = np.vstack([block.to_scipy().toarray() for block in blocks])
    assert np.array_equal(sp.load_npz(tmp_path / "joined.npz").toarray(), dense)


def test_columns_in_another_order_of_memory_are_rows_all_the_same(tmp_path):
    block = np.asfortranarray(np.arange(6.0).reshape(3, 2))
    parts.join_array(tmp_path, "a.npy", [parts.write_part(tmp_path, block)])
    assert np.array_equal(np.load(tmp_path / "a.npy"), block)


@pytest.mark.parametrize("n_bytes", [0, 8])
def test_a_part_that_was_cut_is_an_error(tmp_path, n_bytes):
    part = parts.write_part(tmp_path, np.ones((3, 2)))
    with open(part.path, "r+b") as handle:
        handle.truncate(n_bytes)
    with pytest.raises(BuildError, match=f"has {n_bytes} bytes where 48"):
        parts.join_array(tmp_path, "a.npy", [part])
