"""The users' lists of a build as one dense array, for comparing builds."""

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from numpy.typing import NDArray

from cfdist.algorithms.csr import CsrBlock
from cfdist.builds.build import USER_TABLE, Build
from cfdist.errors import BuildError
from cfdist.schema import ARTICLE_ID, RANK, USER_ID

OWNED_AT_ONCE = 2**18


class StoredLists(NamedTuple):
    """The first k entries of every list.

    Attributes
    ----------
    user_ids : pa.Array ``(n_users,)``
    article_ids : pa.Array ``(n_articles,)``
    articles : int32 ``(n_users, k)``
        Positions in ``article_ids``; -1 where a list is shorter.
    """

    user_ids: pa.Array
    article_ids: pa.Array
    articles: NDArray[np.int32]

    @property
    def coverage(self) -> float:
        """Share of the articles that are in any of these lists."""
        listed = np.zeros(len(self.article_ids) + 1, dtype=bool)
        listed[self.articles] = True  # -1 is the one behind the last
        return int(np.count_nonzero(listed[:-1])) / max(1, len(self.article_ids))


def read_lists(build: Build, k: int = 10) -> StoredLists:
    """The first ``k`` entries of every list, part by part.

    Raises
    ------
    BuildError
        A list belongs to no user of the same part of the users table, or holds an article that
        the articles table lacks.

    Notes
    -----
    4 bytes per entry, and one part of the table at a time. Each part is looked up among the
    users of its own part: one small hash table per part, not one of all users.
    """
    article_ids = _ids(build.files_of("articles"), ARTICLE_ID)
    parts = zip(build.files_of(USER_TABLE), build.files_of("users"), strict=True)
    users, blocks = [], []
    for lists_file, users_file in parts:
        user_ids = _ids([users_file], USER_ID)
        users.append(user_ids)
        blocks.append(_dense(lists_file, user_ids, article_ids, k))
    return StoredLists(pa.concat_arrays(users), article_ids, np.concatenate(blocks))


def positions(values: pa.Array | pa.ChunkedArray, among: pa.Array) -> NDArray[np.int64]:
    """Where each value stands in ``among``; -1 where it does not."""
    found = pc.fill_null(pc.index_in(values, value_set=among), -1)
    return np.asarray(found.to_numpy()).astype(np.int64)


def same_type(a: pa.Array, b: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Both as they are, or as text where one of them is."""
    if a.type == b.type:
        return a, b
    return a.cast(pa.large_string()), b.cast(pa.large_string())


def count_owned(lists: dict[str, NDArray[Any]], owned: CsrBlock) -> int:
    """Entries of a block's lists that are in the same user's row of ``owned``."""
    users = np.repeat(np.arange(owned.shape[0]), np.diff(owned.indptr))
    found = 0
    at_once = max(1, OWNED_AT_ONCE // max(1, lists["articles"].shape[1]))
    for first in range(0, owned.nnz, at_once):
        few = slice(first, first + at_once)
        listed = lists["articles"][lists["row_of_user"][users[few]]]
        found += int(np.count_nonzero(listed == owned.indices[few, None]))
    return found


def _dense(file: str, user_ids: pa.Array, article_ids: pa.Array, k: int) -> NDArray[np.int32]:
    columns = [USER_ID, RANK, ARTICLE_ID]
    table = ds.dataset(file, format="parquet").to_table(columns, filter=pc.field(RANK) <= k)
    users = positions(table[USER_ID].cast(user_ids.type), user_ids)
    articles = positions(table[ARTICLE_ID].cast(article_ids.type), article_ids)
    if len(table) and min(users.min(), articles.min()) < 0:
        raise BuildError(f"{file}: has ids that the build does not know", remedy="publish again")
    dense = np.full((len(user_ids), k), -1, dtype=np.int32)
    dense[users, table[RANK].to_numpy() - 1] = articles
    return dense


def _ids(files: list[str], column: str) -> pa.Array:
    """A column of ids in one piece; text with offsets of 64 bits, as 2 GB of it may be there."""
    ids = ds.dataset(files, format="parquet").to_table([column])[column]
    ids = ids if pa.types.is_integer(ids.type) else ids.cast(pa.large_string())
    return pa.concat_arrays(ids.chunks) if ids.num_chunks else pa.array([], ids.type)
