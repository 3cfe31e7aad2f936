"""Whether two jobs found the same: singular values, similar users, pairs, lists, on a sample.

Two truncated SVDs span slightly different spaces, so that cosines differ a little; and cfdist
searches distinct histories where the peer searches users. Each check allows for that and no more.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import scipy.sparse as sp
from numpy.typing import NDArray

from cfdist.builds import Build, load_build

SAMPLE_USERS = 1000
QUERY_BLOCK = 100
SLACK = 1e-5

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Histories:
    """Which users have the same history, and the article set of each."""

    owner: Ints
    matrix: sp.csr_matrix

    def article_set(self, user: int) -> bytes:
        """Bytes that are equal for equal sets."""
        begin, end = self.matrix.indptr[user : user + 2]
        return bytes(self.matrix.indices[begin:end])

    def differ(self, left: Ints, right: Ints) -> NDArray[np.bool_]:
        """Where two users have different article sets."""
        pairs = zip(left, right, strict=True)
        return np.array([self.article_set(a) != self.article_set(b) for a, b in pairs], dtype=bool)


def compare(root: Path, peer: Path | None, seed: int = 0) -> dict[str, Any]:
    """Figures of agreement between the live build of ``root`` and the peer's folder.

    Without a peer, only what holds for the build by itself.
    """
    build = load_build(root)
    users = build.pandas("users").set_index("user_index").sort_index()
    owner = users["profile_user_index"].to_numpy()
    histories = Histories(owner, sp.csr_matrix(sp.load_npz(build.path / "user_item_matrix.npz")))
    owners = np.unique(owner)
    chosen = np.random.default_rng(seed).permutation(owners)[:SAMPLE_USERS]
    lists = _similar_users(build.arrow("similar_users"), chosen, users["user_id"])
    found = {"search": check_search(build, histories, chosen, lists)}
    if peer is None:
        return found
    theirs = _similar_users(pq.read_table(peer / "similar_users.parquet"), chosen, users["user_id"])
    return found | {
        "singular_values": compare_singular_values(build, peer),
        "similar_users": compare_similar_users(histories, lists, theirs),
        "pairs": compare_pairs(build, peer),
        "lists": compare_lists(build, peer, users["user_id"].to_numpy()[chosen]),
    }


def check_search(
    build: Build, histories: Histories, chosen: Ints, lists: pd.DataFrame
) -> dict[str, float]:
    """Neighbours that brute force over the build's own factors finds and the build lacks."""
    units = _unit_rows(np.asarray(build.array("user_latent_factors"), dtype=np.float64))
    exact = np.einsum("ij,ij->i", units[lists["user"]], units[lists["other"]])
    owners = np.unique(histories.owner)
    candidates = units[owners].T
    last = lists.groupby("user")["similarity"].agg(["min", "size"])
    missed = 0
    for first in range(0, len(chosen), QUERY_BLOCK):
        queries = chosen[first : first + QUERY_BLOCK]
        worst = last["min"].reindex(queries, fill_value=np.inf).to_numpy()
        row, column = np.nonzero(units[queries] @ candidates > worst[:, None] + SLACK)
        better = histories.differ(queries[row], owners[column])
        within = np.bincount(row[better], minlength=len(queries))
        listed = last["size"].reindex(queries, fill_value=1).to_numpy()
        missed += int(np.maximum(within - (listed - 1), 0).sum())
    error = float(np.abs(exact - lists["similarity"].to_numpy()).max())
    return {"entries": len(lists), "missed": missed, "largest_error": error}


def compare_singular_values(build: Build, peer: Path) -> dict[str, float]:
    """Largest relative difference."""
    ours, theirs = build.array("singular_values"), np.load(peer / "singular_values.npy")
    n = min(len(ours), len(theirs))
    return {"largest": float(np.max(np.abs(ours[:n] - theirs[:n]) / ours[:n])), "components": n}


def compare_similar_users(
    histories: Histories, ours: pd.DataFrame, theirs: pd.DataFrame
) -> dict[str, float]:
    """Differences of the cosines at equal ranks, over the peer's distinct other histories."""
    theirs = theirs[histories.differ(theirs["user"].to_numpy(), theirs["other"].to_numpy())]
    theirs = theirs.assign(profile=histories.owner[theirs["other"].to_numpy()])
    theirs = theirs.drop_duplicates(["user", "profile"])
    theirs = theirs.assign(rank=theirs.groupby("user").cumcount() + 1)
    both = ours.merge(theirs, on=["user", "rank"], suffixes=("", "_peer"))
    apart = (both["similarity"] - both["similarity_peer"]).abs()
    return {
        "entries": len(both),
        "median": float(apart.median()),
        "p99": float(apart.quantile(0.99)),
    }


def compare_pairs(build: Build, peer: Path) -> dict[str, float]:
    """Share of (article, rank) of *bought together* whose basket counts are equal."""
    ours = build.arrow("cf_item_based_recommendations")
    ours = ours.filter(pc.equal(ours["source"].cast("string"), "bought_together"))
    theirs = pq.read_table(peer / "cf_item_based_recommendations.parquet")
    theirs = theirs.filter(pc.equal(theirs["relation"], "bought_together"))
    columns = ["article_id", "rank", "pair_count"]
    both = ours.select(columns).to_pandas().merge(
        theirs.select(columns).to_pandas(), on=columns[:2], how="outer", suffixes=("", "_peer")
    )  # fmt: skip
    equal = both["pair_count"] == both["pair_count_peer"]
    return {"entries": len(both), "equal_share": float(equal.mean())}


def compare_lists(build: Build, peer: Path, users: NDArray[np.generic]) -> dict[str, float]:
    """Share of the articles of a list that are in the peer's list, too. Rules differ; no check."""
    ours = build.recommendations(users.tolist())
    theirs = pq.read_table(
        peer / "cf_user_based_recommendations.parquet", filters=[("user_id", "in", users.tolist())]
    )
    keys = ["user_id", "article_id"]
    common = ours.select(keys).to_pandas().merge(theirs.select(keys).to_pandas(), on=keys)
    return {"entries": ours.num_rows, "common_share": len(common) / ours.num_rows}


def _similar_users(table: pa.Table, chosen: Ints, user_ids: pd.Series) -> pd.DataFrame:
    """Rows of the chosen users with indexes in place of ids, by user and rank."""
    index = pd.Series(user_ids.index.to_numpy(), index=user_ids.to_numpy())
    wanted = pc.is_in(table["user_id"], value_set=pa.array(user_ids.to_numpy()[chosen]))
    frame: pd.DataFrame = table.filter(wanted).to_pandas()
    frame["user"] = index.loc[frame["user_id"]].to_numpy()
    frame["other"] = index.loc[frame["other_user_id"]].to_numpy()
    return frame.sort_values(["user", "rank"])[["user", "rank", "other", "similarity"]]


def _unit_rows(rows: NDArray[np.float64]) -> NDArray[np.float32]:
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(norms > 0, norms, 1), dtype=np.float32)
