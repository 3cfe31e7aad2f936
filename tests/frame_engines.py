"""Both engines that read the input, over the same file, for several test files."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from strict.installing import strict_packages

from cfdist.algorithms.interactions import InteractionBlock
from cfdist.algorithms.sampling import WHOLE_RANGE
from cfdist.backends import get_backend
from cfdist.input.check import RowCounts
from cfdist.input.frames import get_frames
from cfdist.input.source import open_source
from cfdist.settings import IngestSettings

NOW = 1_800_000_000_000_000
GOOD = 1_700_000_000_000_000
DAY = 86_400_000_000
NAMES = ("user_id", "article_id", "basket_id", "quantity", "timestamp")
KINDS = (pa.int64(), pa.int64(), pa.int64(), pa.float64(), pa.timestamp("us"))
TEXTS = (pa.string(), pa.string(), pa.string(), pa.float64(), pa.timestamp("ms"))


@contextmanager
def strict_gpu(**given) -> Iterator[ModuleType]:
    """The stand-ins of a device, and a backend that is made of them."""
    with strict_packages(**given) as device:
        get_backend.cache_clear()
        yield device
        get_backend.cache_clear()


def write(path: Path, rows: list[tuple], kinds: tuple = KINDS, **options) -> Path:
    columns = zip(NAMES, kinds, zip(*rows, strict=True), strict=True)
    table = pa.table({name: of_kind(values, kind) for name, kind, values in columns})
    pq.write_table(table, path, **options)
    return path


def of_kind(values: tuple, kind: pa.DataType) -> pa.Array:
    if pa.types.is_timestamp(kind):
        return pa.array(values, pa.timestamp("us")).cast(kind)
    return pa.array(values).cast(kind)


def ran(
    engine: str, address: object, n_blocks: int = 3, threshold: int = WHOLE_RANGE, **given
) -> tuple[list[InteractionBlock], RowCounts]:
    """Blocks on the host, and the counts."""
    settings = IngestSettings(input=str(address), **given)
    frames, found = get_frames(engine), open_source(settings)
    total, pieces = RowCounts(), []
    for part in found.parts:
        table, counts = frames.read(part, found, settings, threshold, NOW)
        total.add(counts)
        pieces.append(frames.cut(table, n_blocks))
    blocks = [frames.sort(of_block) for of_block in zip(*pieces, strict=True)]
    backend = get_backend("cpu" if engine == "arrow" else "gpu")
    return [backend.to_host(block) for block in blocks], total


def assert_same(address: object, **given) -> RowCounts:
    """Both engines agree on blocks and counts; the counts of the device."""
    wanted, theirs = ran("arrow", address, **given)
    blocks, mine = ran("cudf", address, **given)
    assert mine == theirs
    assert mine.days == theirs.days
    for mine_block, block in zip(blocks, wanted, strict=True):
        assert mine_block.user_ids.equals(block.user_ids)
        assert mine_block.article_ids.equals(block.article_ids)
        for name in block._fields[2:]:
            values, expected = getattr(mine_block, name), getattr(block, name)
            assert values.dtype == expected.dtype, name
            np.testing.assert_array_equal(values, expected, name)
    return mine


def some_rows(text: bool = False, n_rows: int = 400) -> list[tuple]:
    rng = np.random.default_rng(5)
    nothing = rng.random((3, n_rows)) < [[0.2], [0.02], [0.3]]
    ids = rng.integers(-5, 40, (3, n_rows)).tolist()
    if text:
        ids = [["" if i == 0 else f"é{i}" for i in column] for column in ids]
    ids = [[None if no else i for i, no in zip(column, gone, strict=True)]
           for column, gone in zip(ids, nothing.tolist(), strict=True)]  # fmt: skip
    quantity = rng.choice([1.0, 2.0, 0.0, -1.0, np.nan, np.inf], n_rows).tolist()
    time = (GOOD - rng.integers(0, 99, n_rows) * DAY // 2).tolist()
    return list(zip(*ids, quantity, time, strict=True))
