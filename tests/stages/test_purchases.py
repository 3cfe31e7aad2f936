"""Purchases of the whole input, aligned with the matrix, for any number of blocks."""

import numpy as np
import pytest
from running import open_context
from small_shop import fit, shop_rows

from cfdist.algorithms.purchases import NO_TIME
from cfdist.stages import ingest
from cfdist.stages.purchases import half_life_us, needs_purchases, purchases

DAY_US = 86_400_000_000


def by_pair(fitting) -> dict:
    articles = fitting.index.article_ids.result().to_pylist()
    found = {}
    blocks = zip(fitting.index.parts["user_ids"], fitting.matrix.blocks, fitting.purchases.blocks,
                 strict=True)  # fmt: skip
    for users, matrix, bought in blocks:
        ids, block, made = users.result().to_pylist(), matrix.result(), bought.result()
        user = np.repeat(np.arange(len(ids)), np.diff(block.indptr))
        values = zip(user, block.indices, made["n_bought"], made["last_us"], strict=True)
        found |= {(ids[u], articles[a]): (n, last) for u, a, n, last in values}
    return found


@pytest.mark.parametrize("blocks", [1, 5])
def test_purchases_of_every_pair(tmp_path, monkeypatch, blocks):
    monkeypatch.setattr(ingest, "n_blocks", lambda rows: blocks)
    columns = shop_rows()
    expected: dict = {}
    for user, article, quantity, time in zip(*columns.values(), strict=True):
        pair = expected.setdefault((user, article), [[], NO_TIME])
        pair[0].append(quantity)
        if quantity > 0:
            pair[1] = max(pair[1], np.datetime64(time, "us").astype(np.int64))
    with open_context(tmp_path, columns) as context:
        found = by_pair(fit(context))
    assert found.keys() == expected.keys()
    for pair, (quantities, last) in expected.items():
        net = sum(q > 0 for q in quantities) - sum(q < 0 for q in quantities)
        kept = max(net, 1) if sum(quantities) > 0 else 0
        assert found[pair] == (kept, last)


@pytest.mark.parametrize("times", [True, False])
def test_ages_count_from_the_last_row_or_the_moment_that_is_predicted_from(tmp_path, times):
    columns = shop_rows()
    last = int(np.datetime64(max(columns["timestamp"]), "us").astype(np.int64))
    if not times:
        del columns["timestamp"]
    with open_context(tmp_path, columns) as context:
        fitting = fit(context)
        assert fitting.purchases.as_of_us == (last if times else 0)
        if not times:
            assert {last for _, last in by_pair(fitting).values()} == {NO_TIME}
            return
        rows = fitting.interactions
        rows.meta["as_of_us"] = last + DAY_US
        again = purchases(context, rows, fitting.index, fitting.matrix)
        assert again.as_of_us == last + DAY_US
        assert again.key != fitting.purchases.key


def test_what_needs_them(tmp_path):
    with open_context(tmp_path) as context:
        config = context.config
    assert not needs_purchases(config)
    for update in ({"n_buy_again": 3}, {"method": "history"}):
        chosen = config.recommend.model_copy(update=update)
        assert needs_purchases(config.model_copy(update={"recommend": chosen}))
    assert half_life_us(config) == 90 * DAY_US
    faster = config.matrix.model_copy(update={"half_life_days": 7.0})
    assert half_life_us(config.model_copy(update={"matrix": faster})) == 7 * DAY_US
