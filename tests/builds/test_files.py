import errno
import os

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import scipy.sparse as sp

from cfdist.algorithms.csr import csr_from_sorted
from cfdist.builds import files
from cfdist.errors import BuildError


def test_parquet_has_page_checksums(tmp_path):
    written = files.write_parquet(tmp_path, "a.parquet/part-00000.parquet", pa.table({"a": [1, 2]}))
    assert (written.rows, written.name) == (2, "a.parquet/part-00000.parquet")
    content = bytearray((tmp_path / written.name).read_bytes())
    content[20] ^= 0xFF
    (tmp_path / "damaged.parquet").write_bytes(content)
    with pytest.raises((OSError, pa.ArrowException)):
        pq.read_table(tmp_path / "damaged.parquet", page_checksum_verification=True)


def test_array_of_blocks_is_one_npy(tmp_path):
    blocks = [np.arange(6.0).reshape(3, 2), np.ones((1, 2))]
    files.write_array(tmp_path, "a.npy", iter(blocks), (4, 2))
    assert np.array_equal(np.load(tmp_path / "a.npy"), np.concatenate(blocks))


def test_a_block_without_rows_at_the_start(tmp_path):
    blocks = [np.empty((0, 2)), np.ones((2, 2)), np.empty((0, 2))]
    files.write_array(tmp_path, "a.npy", blocks, (2, 2))
    assert np.array_equal(np.load(tmp_path / "a.npy"), np.ones((2, 2)))


def test_array_with_missing_rows_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="3 rows instead of 4"):
        files.write_array(tmp_path, "a.npy", [np.ones((3, 2))], (4, 2))


def test_matrix_is_what_scipy_reads(tmp_path):
    block = csr_from_sorted(np.array([0, 2]), np.array([1, 0]), np.array([2.0, 3.0]), (3, 2))
    files.write_matrix(tmp_path, "m.npz", block)
    assert np.array_equal(sp.load_npz(tmp_path / "m.npz").toarray(), [[0, 2], [0, 0], [3, 0]])


def test_same_content_same_hash_other_content_other_hash(tmp_path):
    arrays = {"ids": np.arange(5)}
    first = files.write_arrays(tmp_path, "a.npz", arrays)
    assert files.write_arrays(tmp_path, "b.npz", arrays).sha256 == first.sha256
    assert files.write_bytes(tmp_path, "c", b"x").sha256 != first.sha256


def test_nothing_is_written_over(tmp_path):
    files.write_array(tmp_path, "a.npy", [np.ones((1, 1))], (1, 1))
    with pytest.raises(FileExistsError):
        files.write_array(tmp_path, "a.npy", [np.ones((1, 1))], (1, 1))


def test_place_links_and_copies_across_file_systems(tmp_path, monkeypatch):
    source = tmp_path / "source"
    source.write_text("x")
    files.place(source, tmp_path / "linked", "")
    assert os.stat(tmp_path / "linked").st_ino == source.stat().st_ino

    def across(*_):
        raise OSError(errno.EXDEV, "another file system")

    monkeypatch.setattr(os, "link", across)
    files.place(source, tmp_path / "folder" / "copied", files.sha256_of(source))
    assert (tmp_path / "folder" / "copied").read_text() == "x"
    with pytest.raises(BuildError, match="differs"):
        files.place(source, tmp_path / "damaged", "0" * 64)


def test_place_tells_other_errors(tmp_path):
    with pytest.raises(FileNotFoundError):
        files.place(tmp_path / "nothing", tmp_path / "target", "")
