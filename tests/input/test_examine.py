"""A first look at tables of anyone's: what is found is what reads them."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import SAMPLE
from input_files import csv

from cfdist.errors import DataError
from cfdist.input.examine import Report, examine


def look_at(path: Path, **given: str) -> Report:
    return examine(str(path), given)


def test_integers_have_a_unit(tmp_path: Path) -> None:
    found = look_at(csv(tmp_path / "s.csv", "user,item,ts", "a,x,1291190400000")).settings
    assert (found.columns.timestamp, found.timestamp_unit) == ("ts", "ms")
    assert found.timestamp_format is None


def test_a_folder_with_hive_partitions(tmp_path: Path) -> None:
    for day, user in (("2024-01-02", 1), ("2024-01-03", 2)):
        part = tmp_path / f"day={day}"
        part.mkdir()
        pq.write_table(pa.table({"customer": [user], "sku": ["a"]}), part / "p.parquet")
    found = look_at(tmp_path)
    columns = {"user_id": "customer", "article_id": "sku", "timestamp": "day"}
    assert found.settings.columns.named() == columns
    assert found.settings.timestamp_format == "iso"
    assert found.profile.last_date == "2024-01-03T00:00:00"


def test_articles_beside_interactions_are_told_apart() -> None:
    with pytest.raises(DataError) as error:
        look_at(SAMPLE.parent)
    assert f"{SAMPLE} has user_id, basket_id, quantity, timestamp" in error.value.message
    assert "name the file with the interactions" in error.value.remedy


def test_settings_of_the_environment_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CFDIST_INGEST__FORMAT", "csv")
    assert look_at(csv(tmp_path / "s.txt", "user,item", "a,x")).settings.format == "csv"


def test_a_later_row_decides_between_day_and_month_first(tmp_path: Path) -> None:
    ambiguous = ["a,x,1/2/2024", "a,y,2/2/2024"]
    found = look_at(csv(tmp_path / "s.csv", "user,item,date", *ambiguous))
    assert found.formats == ("%d/%m/%Y", "%m/%d/%Y")
    assert found.settings.timestamp_format == "%d/%m/%Y"
    # more rows than the sample has: only the whole column tells
    rows = [*ambiguous * 10_001, "b,x,2/13/2024"]
    found = look_at(csv(tmp_path / "s.csv", "user,item,date", *rows))
    assert found.formats == ("%m/%d/%Y",)
    assert found.settings.timestamp_format == "%m/%d/%Y"


def test_a_given_column_is_the_one_that_is_read(tmp_path: Path) -> None:
    path = csv(tmp_path / "s.csv", "user,client,item", "a,b,x", "a,c,x")
    assert look_at(path).profile.n_users == 1
    assert look_at(path, user_id="client").profile.n_users == 2
