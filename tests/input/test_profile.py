"""Figures of small inputs, counted by hand or with pandas; parts, estimates, refusals."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import ROOT, SAMPLE
from input_files import csv, settings

from cfdist.errors import DataError
from cfdist.input import profile as profile_module
from cfdist.input import tally as tally_module
from cfdist.input.profile import Profile, Spread, profile_input

DATA = ROOT.parent / "shared" / "data"
ONLINE_RETAIL = DATA / "online_retail.parquet"
ALL_COLUMNS = {"basket_id": "basket_id", "quantity": "quantity", "timestamp": "timestamp"}
NOON = "2024-01-01 12:00"


def shop(path: Path) -> Path:
    return csv(
        path,
        "user_id,article_id,basket_id,quantity,timestamp",
        f"a,x,1,1,{NOON}",
        f"a,x,1,1,{NOON}",  # the same line again
        f"a,y,1,2,{NOON}",
        "a,x,2,1,2024-01-02",  # the article again, in another basket
        f"b,x,3,1,{NOON}",
        "b,x,3,-1,2024-01-03",  # returned
        f"c,z,4,-1,{NOON}",  # only returned: owned all the same
        f",y,5,1,{NOON}",  # nobody
        f",x,5,1,{NOON}",
        f",x,,1,{NOON}",  # nobody, in no basket
        f"a,,1,1,{NOON}",  # nothing
    )


def test_figures_counted_by_hand(tmp_path: Path) -> None:
    found = profile_input(settings(shop(tmp_path / "shop.csv"), max_basket_articles=2))
    assert found == Profile(
        scope="",
        estimated=False,
        rows_in=11,
        rows_used=5,
        dropped={
            "user missing (kept for baskets only)": 2,
            "return (negative quantity)": 2,
            "article missing": 1,
            "user missing (no basket, or a return)": 1,
        },
        first_date="2024-01-01T12:00:00",
        last_date="2024-01-03T00:00:00",
        n_users=3,
        n_users_with_one_article=2,
        n_articles=3,
        n_pairs=4,  # a-x a-y b-x c-z
        density=4 / 9,
        interactions_per_user=Spread(median=1, p90=4, max=4),
        repeated_share=2 / 5,
        duplicate_share=1 - 8 / 9,
        top_ten_share=1.0,
        n_null_users=3,
        n_returns=2,
        basket_kind="basket_id",
        n_baskets=4,  # of purchases: 1, 2, 3, 5
        n_null_baskets=0,
        articles_per_basket=Spread(median=1, p90=2, max=2),
        large_basket_share=0.0,
    )


def test_baskets_over_the_limit(tmp_path: Path) -> None:
    lines = [f"a,{article},{basket}" for basket, size in ((1, 3), (2, 2), (3, 4), (4, 1))
             for article in range(size)]  # fmt: skip
    path = csv(tmp_path / "b.csv", "user_id,article_id,basket_id", *lines, "b,9,")
    found = profile_input(settings(path, max_basket_articles=2))
    assert found.large_basket_share == 2 / 5
    assert found.articles_per_basket == Spread(median=2, p90=4, max=4)
    assert found.n_null_baskets == 1


def test_rows_without_a_basket_are_baskets_by_day(tmp_path: Path) -> None:
    days = ("2024-01-01 08:00", "2024-01-01 18:00", "2024-01-02")
    lines = ["user_id,article_id,basket_id,timestamp", *(f"a,{day},,{day}" for day in days)]
    found = profile_input(settings(csv(tmp_path / "b.csv", *lines)))
    assert (found.n_baskets, found.articles_per_basket) == (2, Spread(1, 2, 2))
    assert (found.basket_kind, found.n_null_baskets) == ("basket_id", 3)


@pytest.mark.parametrize(
    ("columns", "kind", "sizes"),
    [
        ({"timestamp": "when"}, "what a user takes on a day", (3, Spread(1, 2, 2))),
        ({}, "all that a user took", (2, Spread(1, 3, 3))),
    ],
)
def test_baskets_without_a_column(
    tmp_path: Path, columns: dict[str, str], kind: str, sizes: tuple[int, Spread]
) -> None:
    path = csv(
        tmp_path / "b.csv", "user_id,article_id,when",
        f"a,x,{NOON}", "a,y,2024-01-01 18:00", "a,z,2024-01-02", f"b,x,{NOON}",
    )  # fmt: skip
    names = {"user_id": "user_id", **columns}
    found = profile_input(settings(path, columns=names))
    assert found.basket_kind == kind
    assert (found.n_baskets, found.articles_per_basket) == sizes
    assert (found.first_date is None) == (not columns)


def oracle(frame: pd.DataFrame) -> dict[str, Any]:
    """The figures of canonical columns without nulls, by pandas."""
    bought = frame[frame.quantity > 0]
    per_user = np.sort(bought.groupby("user_id").size())
    sizes = np.sort(bought.groupby(["user_id", "basket_id"]).article_id.nunique())
    per_article = bought.groupby("article_id").size().sort_values(ascending=False)
    n_pairs = len(frame[["user_id", "article_id"]].drop_duplicates())
    return {
        "n_users": frame.user_id.nunique(),
        "n_articles": frame.article_id.nunique(),
        "n_pairs": n_pairs,
        "n_users_with_one_article": int((frame.groupby("user_id").article_id.nunique() == 1).sum()),
        "interactions_per_user": spread(per_user),
        "articles_per_basket": spread(sizes),
        "n_baskets": len(sizes),
        "repeated_share": bought.duplicated(["user_id", "article_id"]).mean(),
        "duplicate_share": frame.duplicated().mean(),
        "top_ten_share": per_article[:10].sum() / len(bought),
    }


def spread(values: np.ndarray[Any, Any]) -> Spread:
    at = [values[int(np.ceil(len(values) * share)) - 1] for share in (0.5, 0.9)]
    return Spread(int(at[0]), int(at[1]), int(values.max()))


def test_the_sample_agrees_with_pandas() -> None:
    found = profile_input(settings(SAMPLE, columns=ALL_COLUMNS))
    for name, value in oracle(pd.read_parquet(SAMPLE)).items():
        assert getattr(found, name) == pytest.approx(value), name


@pytest.mark.skipif(not ONLINE_RETAIL.is_file(), reason=f"{ONLINE_RETAIL} is missing")
def test_online_retail_agrees_with_pandas() -> None:
    names = ("CustomerID", "StockCode", "InvoiceNo", "Quantity", "InvoiceDate")
    roles = ("user_id", "article_id", "basket_id", "quantity", "timestamp")
    columns = dict(zip(roles, names, strict=True))
    found = profile_input(settings(ONLINE_RETAIL, columns=columns))
    frame = pd.read_parquet(ONLINE_RETAIL)[list(names)].set_axis(roles, axis=1)
    assert (found.rows_in, found.n_null_users) == (541_909, frame.user_id.isna().sum())
    assert found.n_null_users == 135_080
    assert found.n_users == 4_372
    assert found.n_returns == ((frame.quantity < 0) & frame.user_id.notna()).sum()
    usable = frame[frame.user_id.notna() | (frame.quantity > 0)]
    assert found.n_articles == usable.article_id.nunique()
    assert found.duplicate_share == pytest.approx(usable.duplicated().mean())
    known = oracle(usable.dropna(subset=["user_id"]))
    by_user = ("n_users", "n_pairs", "n_users_with_one_article", "interactions_per_user")
    for name in (*by_user, "repeated_share", "top_ten_share"):
        assert getattr(found, name) == pytest.approx(known[name]), name
    baskets = usable[usable.quantity > 0].assign(user_id=lambda rows: rows.user_id.fillna(-1))
    sizes = baskets.groupby(["user_id", "basket_id"]).article_id.nunique()
    assert found.articles_per_basket == spread(np.sort(sizes))
    assert found.large_basket_share == pytest.approx((sizes > 200).mean())


def test_parts_and_row_order_do_not_matter(tmp_path: Path) -> None:
    whole = pq.read_table(SAMPLE)
    order = np.random.default_rng(1).permutation(len(whole))
    for number, rows in enumerate(np.array_split(order, 3)):
        pq.write_table(whole.take(pa.array(rows)), tmp_path / f"{number}.parquet")
    expected = profile_input(settings(SAMPLE, columns=ALL_COLUMNS))
    assert profile_input(settings(tmp_path, columns=ALL_COLUMNS)) == expected


def test_estimates_are_close_and_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    exact = profile_input(settings(SAMPLE, columns=ALL_COLUMNS))
    monkeypatch.setattr(tally_module, "MAX_ENTRIES", 2_000)
    found = profile_input(settings(SAMPLE, columns=ALL_COLUMNS))
    assert (exact.estimated, found.estimated) == (False, True)
    assert found.rows_used == exact.rows_used
    for name in ("n_users", "n_pairs", "n_baskets"):
        assert getattr(found, name) == pytest.approx(getattr(exact, name), rel=0.15), name
    assert found.interactions_per_user.median == exact.interactions_per_user.median


def write_groups(path: Path, n_groups: int, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Parts of ten rows, each with an article and a day of its own."""
    monkeypatch.setattr("cfdist.input.source.PART_ROWS", 10)
    group = np.arange(n_groups * 10) // 10
    days = np.datetime64("2024-01-01", "us") + group * np.timedelta64(1, "D")
    table = pa.table({"user_id": np.arange(len(group)), "article_id": group, "timestamp": days})
    pq.write_table(table, path, row_group_size=10)
    return path


def test_a_huge_input_is_sampled_evenly_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_groups(tmp_path / "t.parquet", 10, monkeypatch)
    assert profile_input(settings(path)).scope == ""
    monkeypatch.setattr(profile_module, "MAX_ROWS", 45)
    found = profile_input(settings(path))
    assert found.scope == "4 of 10 parts, 40 of 100 rows"
    assert (found.rows_in, found.n_articles) == (40, 4)
    assert (found.first_date, found.last_date) == ("2024-01-01T00:00:00", "2024-01-08T00:00:00")


def test_a_huge_csv_is_read_at_its_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b", "c"):
        csv(tmp_path / f"{name}.csv", "user_id,article_id", f"{name},x", f"{name},y")
    monkeypatch.setattr(profile_module, "MAX_ROWS", 3)
    found = profile_input(settings(tmp_path))
    assert (found.scope, found.n_users) == ("the first 4 rows", 2)
    monkeypatch.setattr(profile_module, "MAX_ROWS", 6)
    assert profile_input(settings(tmp_path)).scope == ""


def test_rows_of_the_future_are_dropped_by_their_reason(tmp_path: Path) -> None:
    path = csv(tmp_path / "t.csv", "user_id,article_id,timestamp", f"a,x,{NOON}", "a,y,2024-01-05",
               f"a,z,{NOON}")  # fmt: skip
    noon_us = int(np.datetime64("2024-01-01T12:00", "us").astype(np.int64))
    found = profile_input(settings(path, columns={"timestamp": "timestamp"}), noon_us)
    assert found.dropped == {"timestamp in the future": 1}
    assert found.last_date == "2024-01-01T12:00:00"


def test_no_rows_is_an_error(tmp_path: Path) -> None:
    path = csv(tmp_path / "t.csv", "user_id,article_id")
    with pytest.raises(DataError, match="there are no rows"):
        profile_input(settings(path))


def test_no_usable_row_names_the_reasons_and_the_options(tmp_path: Path) -> None:
    path = csv(tmp_path / "t.csv", "user_id,article_id", ",x", "a,")
    with pytest.raises(
        DataError, match="no row can be used: 1 article missing; 1 user missing"
    ) as e:
        profile_input(settings(path))
    assert "--user" in e.value.remedy
