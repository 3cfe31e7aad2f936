"""The second list: what was bought and kept, in order, less what may not be sold."""

from datetime import datetime

import numpy as np
import pyarrow as pa
import pytest
from running import open_context
from small_shop import fit, shop_rows, with_settings, write_articles

from cfdist.algorithms.purchases import NO_TIME
from cfdist.pipeline import run_stages
from cfdist.stages import ingest, outputs
from cfdist.stages.buy_again import buy_again
from cfdist.stages.results import Results, counts_of

APRIL = datetime(2026, 4, 2)
JANUARY = datetime(2026, 1, 2)  # 90 days before
TOY = {
    "user_id": [1, 1, 1, 1, 1, 2, 2, 3, 4],
    "article_id": [10, 10, 11, 12, 12, 10, 13, 11, 10],
    "quantity": [1, 5, 1, 1, -1, 2, 1, 0, 1],
    "timestamp": [JANUARY, JANUARY, APRIL, APRIL, APRIL, APRIL, APRIL, APRIL, JANUARY],
}
PLAIN = {"factorize": {"n_components": 2}, "matrix": {"weighting": "none"}}


def rows_of(fitting) -> dict:
    """(rank, article, score, last_us, n_bought) of each user."""
    articles = fitting.index.article_ids.result().to_pylist()
    found: dict = {}
    for users, lists in zip(fitting.index.parts["user_ids"], buy_again(fitting).lists, strict=True):
        ids, columns = users.result().to_pylist(), lists.result()
        for user, rank, article, score, last, n in zip(
            *(columns[name].tolist() for name in columns), strict=True
        ):
            found.setdefault(ids[user], []).append((rank, articles[article], score, last, n))
    return found


def us(time: datetime) -> int:
    return int(np.datetime64(time, "us").astype(np.int64))


def test_by_hand(tmp_path):
    """User 1 returned article 12, user 3 never bought anything."""
    with open_context(tmp_path, TOY, PLAIN | {"recommend": {"n_buy_again": 5}}) as context:
        fitting = fit(context)
        assert rows_of(fitting) == {
            1: [(1, 10, 1.0, us(JANUARY), 2), (2, 11, 1.0, us(APRIL), 1)],
            2: [(1, 10, 1.0, us(APRIL), 1), (2, 13, 1.0, us(APRIL), 1)],
            4: [(1, 10, 0.5, us(JANUARY), 1)],
        }
        assert buy_again(fitting).meta["n_rows"] == 5
        assert buy_again(fitting).meta["n_users"] == 3


def test_no_more_than_asked_for_and_nothing_denied(tmp_path):
    (tmp_path / "deny.txt").write_text("10\n")
    with open_context(tmp_path, TOY, PLAIN | {"recommend": {"n_buy_again": 1}}) as context:
        fitting = fit(context)
        found = {user: [row[1] for row in rows] for user, rows in rows_of(fitting).items()}
        assert found == {1: [10], 2: [10], 4: [10]}
        denied = with_settings(fitting, deny=str(tmp_path / "deny.txt"))
        found = {user: [row[1] for row in rows] for user, rows in rows_of(denied).items()}
        assert found == {1: [11], 2: [13]}


def test_without_times_the_weight_alone_counts(tmp_path):
    columns = {name: values for name, values in TOY.items() if name != "timestamp"}
    with open_context(tmp_path, columns, PLAIN | {"recommend": {"n_buy_again": 5}}) as context:
        found = rows_of(fit(context))
    assert found[1] == [(1, 10, 2.0, NO_TIME, 2), (2, 11, 1.0, NO_TIME, 1)]


def test_any_number_of_blocks_gives_the_same_rows(tmp_path, monkeypatch):
    write_articles(tmp_path)
    given = {"recommend": {"n_buy_again": 3, "max_per_category": 1}}
    found = []
    for blocks in (1, 4):
        monkeypatch.setattr(ingest, "n_blocks", lambda rows, blocks=blocks: blocks)
        with open_context(tmp_path, shop_rows(), given) as context:
            found.append(rows_of(fit(context)))
    assert found[0] == found[1]
    assert len(found[0]) > 70


@pytest.mark.parametrize("times", [True, False])
def test_the_published_table(tmp_path, times):
    columns = {name: TOY[name] for name in TOY if times or name != "timestamp"}
    given = PLAIN | {"recommend": {"n_buy_again": 5}}
    with open_context(tmp_path, columns, given) as context:
        fitting = fit(context)
        second = buy_again(fitting)
        made = run_stages(context)
        results = Results(**{**vars(made), "buy_again": second})
        assert counts_of(results)["n_buy_again"] == 5
        with context.stage("publish") as stage:
            futures = outputs.write_all(stage, context, results)
            stage.wait(futures)
            files = [future.result() for future in futures]
    (file,) = [file for file in files if file.name.startswith("buy_again.parquet/")]
    assert file.rows == 5
    table = pa.parquet.read_table(file.path)
    assert [str(field.type) for field in table.schema] == [
        "int64", "int16", "int64", "float", "timestamp[us]", "int64",
    ]  # fmt: skip
    rows = [row for row in table.to_pylist() if row["user_id"] == 1]
    expected = {
        "user_id": 1, "rank": 1, "article_id": 10, "score": 1.0 if times else 2.0,
        "last_bought": JANUARY if times else None, "n_bought": 2,
    }  # fmt: skip
    assert rows[0] == expected
