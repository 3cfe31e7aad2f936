import numpy as np
import pyarrow as pa
import pytest
from running import open_context
from small_shop import N_USERS, shop_rows

from cfdist.algorithms.hashing import SAMPLE_SEED, bucket_of, hash_ids
from cfdist.algorithms.partitioning import block_of
from cfdist.input.check import NOT_SAMPLED
from cfdist.stages import ingest as ingest_module
from cfdist.stages import sample_users as sample_module
from cfdist.stages.ingest import ingest
from cfdist.stages.sample_users import sample_users


def rows_by_user(interactions) -> dict[int, list[tuple]]:
    found: dict[int, list[tuple]] = {}
    for future in interactions.blocks:
        block = future.result()
        users, articles = block.user_ids.to_pylist(), block.article_ids.to_pylist()
        for user, article, quantity, time in zip(
            block.user, block.article, block.quantity, block.timestamp, strict=True
        ):
            if user >= 0:
                found.setdefault(users[user], []).append((articles[article], quantity, time))
    return found


@pytest.mark.parametrize("n_blocks", [1, 3, 8])
@pytest.mark.parametrize("max_users", [1, 17, N_USERS - 1])
def test_whole_histories_of_the_users_with_the_lowest_hashes(
    tmp_path, monkeypatch, n_blocks, max_users
):
    monkeypatch.setattr(ingest_module, "n_blocks", lambda _: n_blocks)
    users = np.arange(1, N_USERS + 1)
    hashes = hash_ids(pa.array(users), SAMPLE_SEED)
    lowest = set(users[np.argsort(hashes)[:max_users]].tolist())
    with open_context(tmp_path, shop_rows()) as context:
        whole = ingest(context)
        assert len(whole.blocks) == n_blocks
        every = rows_by_user(whole)
        sample = sample_users(context, whole, max_users)
        assert rows_by_user(sample) == {user: every[user] for user in lowest}
        assert [b.result().user_ids.type for b in sample.blocks] == [pa.int64()]
    purchases = sum(q > 0 for user in lowest for _, q, _ in every[user])
    assert sample.meta["rows_used"] == purchases
    assert sample.meta["rows_in"] == purchases + sum(sample.meta["dropped"].values())
    assert sample.meta["dropped"][NOT_SAMPLED] > 0
    assert sample.key != whole.key


@pytest.mark.parametrize("max_users", [N_USERS, 10**6])
def test_all_users_where_there_are_no_more(tmp_path, max_users):
    with open_context(tmp_path, shop_rows()) as context:
        whole = ingest(context)
        assert sample_users(context, whole, max_users) is whole


def test_rows_without_a_user_are_in_no_sample(tmp_path):
    rows = shop_rows()
    rows["basket_id"] = list(range(len(rows["user_id"])))
    rows["user_id"] = [None if place % 9 == 8 else u for place, u in enumerate(rows["user_id"])]
    with open_context(tmp_path, rows) as context:
        whole = ingest(context)
        assert any((b.result().user < 0).any() for b in whole.blocks)
        sample = sample_users(context, whole, 20)
        assert not any((b.result().user < 0).any() for b in sample.blocks)
        assert len(rows_by_user(sample)) == 20


@pytest.mark.parametrize(("n_blocks", "enough", "n_merged"), [(8, 3, 4), (7, 2, 7), (6, 9, 6)])
def test_merged_blocks_are_equal_runs_of_buckets(tmp_path, monkeypatch, n_blocks, enough, n_merged):
    """Rows that are read beside a sample fall into its blocks."""
    monkeypatch.setattr(ingest_module, "n_blocks", lambda _: n_blocks)
    monkeypatch.setattr(sample_module, "n_blocks", lambda _: enough)
    with open_context(tmp_path, shop_rows()) as context:
        blocks = [f.result() for f in sample_users(context, ingest(context), 40).blocks]
    assert len(blocks) == n_merged
    for number, block in enumerate(blocks):
        assert set(block_of(bucket_of(hash_ids(block.user_ids)), n_merged).tolist()) <= {number}
