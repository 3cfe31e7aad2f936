"""Dates as people write them: text of many formats, numbers of four units."""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from input_files import csv, settings

from cfdist.errors import DataError
from cfdist.input import formats as formats_module
from cfdist.input.formats import fits_format, read_time, settle_formats, text_as_numbers
from cfdist.input.profile import profile_input
from cfdist.settings import IngestSettings

DAY_FIRST = ["24/12/2010 8:26", "5/1/2011 17:00"]
BOTH = ("%d/%m/%Y", "%m/%d/%Y")


@pytest.mark.parametrize(
    ("texts", "formats"),
    [
        (["2010-12-01", "2010-12-02 08:26:00"], ["iso"]),
        (DAY_FIRST, ["%d/%m/%Y %H:%M"]),
        (["12/24/2010 8:26"], ["%m/%d/%Y %H:%M"]),
        (["24.12.2010"], ["%d.%m.%Y"]),
        (["24-12-10 08:26:01"], ["%d-%m-%y %H:%M:%S"]),
        (["12/24/10 8:26 PM"], ["%m/%d/%y %I:%M %p"]),
        (["20101224"], ["%Y%m%d"]),
        (["2010/12/24 08:26"], ["%Y/%m/%d %H:%M"]),
        (["24 Dec 2010", "5 January 2011"], ["%d %b %Y"]),
        (["2010-12-24T08:26:00Z", "2010-12-24 08:26:00.123+01:00"], ["iso"]),
        (["2010-12-24 08:26:00 UTC"], ["%Y-%m-%d %H:%M:%S UTC"]),
        (["Fri Dec 24 08:26:00 +0000 2010"], ["%a %b %d %H:%M:%S %z %Y"]),
        # in the order of time the day changes first
        (["12/1/2010", "12/2/2010", "12/3/2010"], ["%m/%d/%Y", "%d/%m/%Y"]),
        (["1/12/2010", "2/12/2010", "3/12/2010"], ["%d/%m/%Y", "%m/%d/%Y"]),
    ],
)
def test_formats_of_text(texts: list[str], formats: list[str]) -> None:
    reading = read_time(pa.string(), pa.array([None, *texts]))
    assert reading is not None
    assert list(reading.formats) == formats
    assert reading.unit is None


@pytest.mark.parametrize(
    "texts", [["abc"], ["12.5"], ["08:26"], ["1/2/123"], [None], [*DAY_FIRST, "12/24/2010 8:26"]]
)
def test_text_that_is_no_time(texts: list[str | None]) -> None:
    assert read_time(pa.string(), pa.array(texts, pa.string())) is None


@pytest.mark.parametrize(
    ("value", "unit"),
    [
        (1_291_190_400 * 10**power, unit)
        for power, unit in ((0, "s"), (3, "ms"), (6, "us"), (9, "ns"))
    ],
)
def test_units_of_integers(value: int, unit: str) -> None:
    for kind, values, is_csv in (
        (pa.int64(), pa.array([value, None, value + 1]), False),
        (pa.float64(), pa.array([float(value), None, float("nan")]), False),
        (pa.string(), pa.array([str(value), None]), True),
    ):
        reading = read_time(kind, values, is_csv=is_csv)
        assert reading is not None
        assert (reading.formats, reading.unit) == ((), unit)
    assert read_time(pa.string(), pa.array([str(value)])) is None  # only csv turns text to numbers


@pytest.mark.parametrize("value", [0, 5, 20_101_224])
def test_integers_that_are_no_time(value: int) -> None:
    assert read_time(pa.int64(), pa.array([value])) is None


def test_a_format_fits_only_if_every_text_has_it() -> None:
    texts = pa.array([*DAY_FIRST, None])
    assert fits_format(texts, "%d/%m/%Y %H:%M")
    assert not fits_format(texts, "%m/%d/%Y %H:%M")
    assert not fits_format(texts, "%d/%m/%Y")
    assert not fits_format(pc.replace_substring(texts, "/20", "/00"), "%d/%m/%Y %H:%M")


def test_text_as_numbers() -> None:
    found = text_as_numbers(pa.array([" 1.5 ", None]))
    assert found is not None
    assert found.to_pylist() == [1.5, None]
    for texts in (["1", "x"], [None]):
        assert text_as_numbers(pa.array(texts, pa.string())) is None


def months(path: Path, *days: str) -> IngestSettings:
    lines = [f"a,x,{day}" for day in days]
    csv(path, "user_id,article_id,timestamp", *lines)
    return settings(path, columns={"timestamp": "timestamp"})


def test_a_later_row_settles_the_format(tmp_path: Path) -> None:
    assert settle_formats(months(tmp_path / "a.csv", "1/2/2024", "2/13/2024"), BOTH) == BOTH[1:]
    assert settle_formats(months(tmp_path / "b.csv", "1/2/2024", "13/2/2024"), BOTH) == BOTH[:1]
    assert settle_formats(months(tmp_path / "c.csv", "1/2/2024", ""), BOTH) == BOTH


def test_a_later_file_settles_the_format(tmp_path: Path) -> None:
    first = months(tmp_path / "a.csv", "1/2/2024")
    months(tmp_path / "b.csv", "2/13/2024")
    everything = first.model_copy(update={"input": str(tmp_path)})
    assert settle_formats(everything, BOTH) == BOTH[1:]


def test_formats_that_all_fail_are_left_to_the_check(tmp_path: Path) -> None:
    broken = months(tmp_path / "a.csv", "1/2/2024", "32/32/2024")
    assert settle_formats(broken, BOTH) == BOTH
    with pytest.raises(DataError, match="row 1: '32/32/2024' does not have the format"):
        profile_input(broken.model_copy(update={"timestamp_format": BOTH[0]}))


def test_a_row_beyond_the_last_that_is_read_settles_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = months(tmp_path / "a.csv", "1/2/2024")
    months(tmp_path / "b.csv", "2/13/2024")
    monkeypatch.setattr(formats_module, "MAX_ROWS", 1)
    assert settle_formats(first.model_copy(update={"input": str(tmp_path)}), BOTH) == BOTH
