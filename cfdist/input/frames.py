"""The engines that read, check, cut and sort the input: one module each, the same functions."""

from collections.abc import Sequence
from importlib import import_module
from typing import Any, Protocol, cast

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cfdist.algorithms.interactions import InteractionBlock
from cfdist.input.check import RowCounts
from cfdist.input.source import Part, Source
from cfdist.settings import IngestSettings

BUCKET = "bucket"
ENGINES = {"arrow": "cfdist.input.arrow_frames", "cudf": "cfdist.input.cudf_frames"}


class Frames(Protocol):
    """What an engine does. Its tables are its own: Arrow on the host, cuDF on a device.

    Whatever the engine, the same rows are used, counted and sampled, with the same errors, and
    are sorted into equal blocks.
    """

    def read(
        self, part: Part, source: Source, settings: IngestSettings, threshold: int, now_us: int
    ) -> tuple[Any, RowCounts]:
        """Checked and sampled rows of a part with their ``BUCKET``, and their counts.

        Parameters
        ----------
        threshold : int
            Rows whose sampling hash lies below it are kept; 2⁶⁴ keeps all.
        now_us : int
            Microseconds since 1970 UTC; rows more than a day later are in the future.

        Raises
        ------
        DataError
            See :mod:`cfdist.input.read` and :mod:`cfdist.input.check`.
        """

    def lowest_hashes(
        self, part: Part, source: Source, settings: IngestSettings, wanted: int
    ) -> NDArray[np.uint64]:
        """The lowest distinct sampling hashes of a part's users, one more than the sample's floor.

        On the host, whatever the engine.

        Parameters
        ----------
        wanted : int
            The threshold of ``sample_percent``: where the floor lies below it, nothing above
            matters.
        """

    def cut(self, table: Any, n_blocks: int) -> list[Any]:
        """The rows of each block, each a copy: Dask takes a view for as large as the whole."""

    def sort(self, pieces: Sequence[Any]) -> InteractionBlock:
        """The rows of all pieces as a sorted block, its ids on the host, its rows in place."""

    def to_arrow(self, table: Any) -> pa.Table:
        """The table on the host."""

    def from_arrow(self, table: pa.Table) -> Any:
        """The table where the engine works."""


def get_frames(name: str) -> Frames:
    """The engine of that name, imported when it is first asked for."""
    return cast(Frames, import_module(ENGINES[name]))
