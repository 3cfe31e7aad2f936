import errno
import hashlib
import os

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

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


def test_what_is_hashed_on_the_way_is_what_lies_there(tmp_path):
    table = pa.table({"a": [1, 1, 2], "b": [0.5, 0.25, 0.125], "c": ["x", "y", "z"]})
    for written in (
        files.write_parquet(tmp_path, "t.parquet/part-00000.parquet", table, ("c",)),
        files.write_array(tmp_path, "a.npy", [np.ones((3, 2)), np.zeros((1, 2))], (4, 2)),
        files.write_bytes(tmp_path, "b", b"some bytes"),
    ):
        content = (tmp_path / written.name).read_bytes()
        assert written.sha256 == hashlib.sha256(content).hexdigest()
        assert written.bytes == len(content)
    assert pq.read_table(tmp_path / "t.parquet").equals(table)


def test_only_what_comes_again_has_a_dictionary(tmp_path):
    table = pa.table({"a": [1, 1], "b": [0.5, 0.5], "c": ["x", "y"]})
    files.write_parquet(tmp_path, "t.parquet", table, distinct=("c",))
    group = pq.ParquetFile(tmp_path / "t.parquet").metadata.row_group(0)
    encoded = ["RLE_DICTIONARY" in group.column(i).encodings for i in range(3)]
    assert encoded == [True, False, False]


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
