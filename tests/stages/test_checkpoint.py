import os

import numpy as np
import pyarrow as pa
import pytest

from cfdist.algorithms.csr import csr_from_sorted
from cfdist.algorithms.interactions import sort_block
from cfdist.errors import DataError
from cfdist.stages.checkpoint import (
    Checkpoints,
    Stored,
    check_value,
    hash_settings,
    map_value,
    read_value,
    resolved,
    write_value,
)


def there_and_back(folder, value):
    write_value(folder / "part.npz", value)
    return read_value(folder / "part.npz")


def test_arrays_ids_dicts_and_blocks_come_back(tmp_path):
    assert np.array_equal(there_and_back(tmp_path, np.arange(3)), np.arange(3))
    for ids in (
        pa.array([3, -(2**63)]),
        pa.array(["", "é", "a\nb", "🍌"]),
        pa.array([], pa.string()),
    ):
        assert there_and_back(tmp_path, ids).equals(ids)
    found = there_and_back(tmp_path, {"a": np.ones(2), "b": np.zeros((2, 2))})
    assert list(found) == ["a", "b"]
    block = csr_from_sorted(np.array([0, 1]), np.array([1, 0]), np.array([1.0, 2.0]), (2, 3))
    again = there_and_back(tmp_path, block)
    assert type(again) is type(block)
    assert again.shape == (2, 3)
    assert np.array_equal(again.data, block.data)


def test_sorted_block_with_text_ids(tmp_path):
    users, articles = pa.array(["b", "a", None]), pa.array(["x", "y", "x"])
    block = sort_block(
        users, articles, pa.array(["1", "2", "3"]), np.ones(3), np.zeros(3, np.int64)
    )
    again = there_and_back(tmp_path, block)
    assert again.user_ids.equals(block.user_ids)
    assert np.array_equal(again.user, block.user)


def test_a_damaged_part_is_not_read(tmp_path):
    file = tmp_path / "part.npz"
    write_value(file, np.arange(10_000))
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(DataError, match="CRC") as error:
        read_value(file)
    assert str(tmp_path) in error.value.remedy


def test_nothing_is_pickled(tmp_path):
    with pytest.raises(ValueError, match="allow_pickle"):
        write_value(tmp_path / "part.npz", np.array([{"a": 1}], dtype=object))
    assert not list(tmp_path.iterdir())


def test_incomplete_stages_are_not_found(tmp_path):
    checkpoints = Checkpoints(tmp_path, "run")
    checkpoints.claim("matrix", "key")
    write_value(checkpoints.path("matrix", "key", "blocks", 0), np.arange(3))
    assert checkpoints.find("matrix", "key") is None
    checkpoints.complete("matrix", "key", {"n": 1}, {"blocks": 1})
    assert checkpoints.find("matrix", "key") == {"meta": {"n": 1}, "parts": {"blocks": 1}}
    checkpoints.remove()
    assert checkpoints.find("matrix", "key") is None
    assert not list(tmp_path.glob("matrix*"))


def test_what_another_living_run_uses_is_left(tmp_path):
    first, second = Checkpoints(tmp_path, "first"), Checkpoints(tmp_path, "second")
    for run in (first, second):
        run.claim("matrix", "key")
    first.complete("matrix", "key", {}, {})
    first.remove()
    assert second.find("matrix", "key") is not None
    second.remove()
    assert not list(tmp_path.glob("matrix*"))


def test_the_mark_of_a_dead_run_does_not_count(tmp_path):
    dead, living = Checkpoints(tmp_path, "dead"), Checkpoints(tmp_path, "living")
    dead.claim("matrix", "key")
    mark = next(tmp_path.glob("*/.used-by-dead"))
    mark.write_text(mark.read_text().replace(f'"pid": {os.getpid()}', '"pid": 4194303'))
    living.claim("matrix", "key")
    living.remove()
    assert not list(tmp_path.glob("matrix*"))


def test_a_stopped_run_leaves_its_checkpoints(tmp_path):
    checkpoints = Checkpoints(tmp_path, "run")
    checkpoints.claim("matrix", "key")
    checkpoints.complete("matrix", "key", {}, {})
    checkpoints.release()
    assert Checkpoints(tmp_path, "next").find("matrix", "key") is not None
    checkpoints.claim("publish", "other")
    checkpoints.release()
    assert not (tmp_path / "publish-other").exists()


def test_keys_depend_on_everything():
    assert hash_settings("a", {"x": 1, "y": 2}) == hash_settings("a", {"y": 2, "x": 1})
    assert hash_settings("a", {"x": 1}) != hash_settings("a", {"x": 2})


def stored_values():
    return [
        np.arange(3),
        np.empty((0, 4), np.float32),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        pa.array([3, -(2**63)]),
        pa.array(["", "é", "a\nb", "🍌"]),
        pa.array(["zero", "one", "two"])[1:],
        pa.array([], pa.string()),
        {"a": np.ones(2), "b": np.zeros((2, 2), np.int8)},
        csr_from_sorted(np.array([0, 1]), np.array([1, 0]), np.array([1.0, 2.0]), (2, 3)),
    ]


def same(left, right):
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[k], right[k]) for k in left)
    if isinstance(left, tuple):
        return all(same(a, b) for a, b in zip(left, right, strict=True))
    if isinstance(left, pa.Array):
        return left.equals(right)
    return np.array_equal(left, right) and np.asarray(left).dtype == np.asarray(right).dtype


@pytest.mark.parametrize("value", stored_values(), ids=lambda value: type(value).__name__)
def test_a_mapped_value_is_the_value(tmp_path, value):
    file = tmp_path / "part.npz"
    write_value(file, value)
    assert same(map_value(file), value)
    assert same(read_value(file), value)
    check_value(file)


def test_mapped_arrays_are_aligned_plain_and_change_no_file(tmp_path):
    file = tmp_path / "part.npz"
    write_value(file, {"odd": np.ones(3, np.int8), "wide": np.arange(5.0)})
    before = file.read_bytes()
    found = map_value(file)["wide"]
    assert type(found) is np.ndarray
    assert found.flags.aligned
    assert found.ctypes.data % 64 == 0
    assert found.flags.writeable  # read-only arrays would be compiled for once more
    found[0] = 9
    assert file.read_bytes() == before


def test_damage_to_what_will_be_mapped_is_seen(tmp_path):
    file = tmp_path / "part.npz"
    write_value(file, np.arange(10_000))
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(DataError, match="CRC"):
        check_value(file)
    file.write_bytes(b"PK")
    with pytest.raises(DataError, match="damaged"):
        map_value(file)


def test_what_is_stored_is_mapped_in_arguments_however_deep(tmp_path):
    write_value(tmp_path / "part.npz", np.arange(3))
    here = Stored(tmp_path / "part.npz")
    number, [nested, (deep,)] = resolved((1, [here, (here,)]))
    assert number == 1
    assert nested.tolist() == deep.tolist() == [0, 1, 2]


def test_a_missing_checkpoint_is_not_called_damaged(tmp_path):
    with pytest.raises(DataError, match="is gone, or this worker does not see it"):
        map_value(tmp_path / "none.npz")
