"""Times of any type become microseconds; none wraps around, none is guessed."""

from datetime import UTC, date, datetime

import numpy as np
import pyarrow as pa
import pytest

from cfdist.errors import DataError
from cfdist.input.source import Part
from cfdist.input.timestamps import FURTHEST_US, read_times
from cfdist.settings import IngestSettings

PARQUET = Part("a.parquet", "parquet", first_row=100, names={"timestamp": "When"})
CSV = Part("a.csv", "csv", first_row=100, names={"timestamp": "When"})
HIVE = Part("When=x/a.parquet", "parquet", hive={"When": "x"}, names={"timestamp": "When"})
MOMENT = datetime(2024, 2, 29, 13, 14, 15, tzinfo=UTC)
MOMENT_US = int(MOMENT.timestamp()) * 1_000_000


def read(values: pa.Array, part: Part = PARQUET, **given) -> list[int | None]:
    micros, known = read_times(values, part, IngestSettings(**given))
    assert micros.dtype == np.int64
    return [int(value) if is_known else None for value, is_known in zip(micros, known, strict=True)]


def refused(values: pa.Array, part: Part = PARQUET, **given) -> DataError:
    with pytest.raises(DataError) as error:
        read(values, part, **given)
    assert error.value.message.startswith(f"{part.url}: column 'When', row 10")
    return error.value


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "Europe/Berlin", "+05:30"])
def test_timestamps_of_every_unit_and_zone(unit, zone):
    values = pa.array([MOMENT, None], pa.timestamp(unit, zone))
    assert read(values) == [MOMENT_US, None]


@pytest.mark.parametrize("kind", [pa.date32(), pa.date64()])
def test_dates(kind):
    day = MOMENT_US // 86_400_000_000 * 86_400_000_000
    assert read(pa.array([MOMENT.date(), None], kind)) == [day, None]
    assert read(pa.array([date(1970, 1, 1), date(9999, 12, 31)], kind)) == [
        0, 253_402_214_400_000_000
    ]  # fmt: skip


@pytest.mark.parametrize(("unit", "per_second"), [("s", 1), ("ms", 10**3), ("us", 10**6)])
def test_numbers_with_a_unit(unit, per_second):
    number = int(MOMENT.timestamp()) * per_second
    for values in (
        pa.array([number, None, 0]), pa.array([number, None, 0], pa.uint64()),
        pa.array([float(number), np.nan, 0]),
    ):  # fmt: skip
        assert read(values, timestamp_unit=unit) == [MOMENT_US, None, 0]
    texts = pa.array([f" {number}", "", "0"])
    for part in (CSV, HIVE):
        assert read(texts, part, timestamp_unit=unit) == [MOMENT_US, None, 0]


def test_nanoseconds_are_rounded_down():
    values = pa.array([MOMENT_US * 1000 + 999, -1])
    assert read(values, timestamp_unit="ns") == [MOMENT_US, -1]
    assert read(values.cast(pa.timestamp("ns"))) == [MOMENT_US, -1]


def test_fractions_of_seconds():
    assert read(pa.array([0.25, -0.5]), timestamp_unit="s") == [250_000, -500_000]


@pytest.mark.parametrize("unit", ["s", "ms", "us"])
@pytest.mark.parametrize("sign", [1, -1])
def test_times_too_far_away_do_not_wrap_around(unit, sign):
    far = sign * (2**63 - 1)
    furthest = pytest.approx([sign * FURTHEST_US], rel=1e-9)
    if unit != "us":
        assert read(pa.array([far]).cast(pa.timestamp(unit))) == furthest
    assert read(pa.array([far]), timestamp_unit=unit) == furthest
    assert read(pa.array([sign * 1e300]), timestamp_unit=unit) == furthest
    assert read(pa.array([sign * np.inf]), timestamp_unit=unit) == furthest
    assert read(pa.array([str(sign * 1e300)]), CSV, timestamp_unit=unit) == furthest


def test_unsigned_and_days_too_far_away():
    assert read(pa.array([2**64 - 1], pa.uint64()), timestamp_unit="s")[0] > 10**18
    days = pa.array([2**31 - 1], pa.int32()).cast(pa.date32())
    assert read(days)[0] > 10**17


def test_iso_text():
    texts = ["2024-02-29 13:14:15", "2024-02-29T13:14:15", "2024-02-29T13:14:15Z",
             "2024-02-29T15:14:15+02:00", "2024-02-29 15:14:15.000+0200", "2024-02-29T08:14:15-05",
             "2024-02-29T13:14:15.000000"]  # fmt: skip
    expected = [MOMENT_US] * len(texts)
    assert read(pa.array([*texts, None, ""]), timestamp_format="iso") == [*expected, None, None]
    assert read(pa.array(texts[:2]), timestamp_format="iso") == expected[:2]
    assert read(pa.array(texts[2:6]), timestamp_format="iso") == expected[2:6]
    assert read(pa.array(texts).dictionary_encode(), timestamp_format="iso") == expected


def test_iso_dates():
    texts = pa.array(["1970-01-01", "9999-12-31", "0001-01-01"])
    assert read(texts, timestamp_format="iso") == [
        0, 253_402_214_400_000_000, -62_135_596_800_000_000
    ]  # fmt: skip


def test_text_is_iso_where_there_is_only_text():
    for part in (CSV, HIVE):
        assert read(pa.array(["2024-02-29T13:14:15"]), part) == [MOMENT_US]


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("29/02/2024 13:14:15", "%d/%m/%Y %H:%M:%S"),
        ("2/29/24 01:14:15 PM", "%m/%d/%y %I:%M:%S %p"),
        ("20240229T131415", "%Y%m%dT%H%M%S"),
        ("29 Feb 2024 13:14:15", "%d %b %Y %H:%M:%S"),
        ("2024-02-29T15:14:15+0200", "%Y-%m-%dT%H:%M:%S%z"),
    ],
)
def test_text_with_a_format(text, pattern):
    assert read(pa.array([text, None]), timestamp_format=pattern) == [MOMENT_US, None]
    assert read(pa.array([text, ""]), CSV, timestamp_format=pattern) == [MOMENT_US, None]


@pytest.mark.parametrize("day", ["31/02/2024", "30/02/2023", "29/02/2023", "31/04/2024"])
def test_a_day_that_there_is_not(day):
    good = pa.array(["01/03/2024", "02/03/2024", "03/03/2023", "01/05/2024", "31/12/2024"])
    assert None not in read(good, timestamp_format="%d/%m/%Y")
    error = refused(pa.array(["01/03/2024", day]), timestamp_format="%d/%m/%Y")
    assert f"row 101: '{day}' does not have the format '%d/%m/%Y'" in error.message


@pytest.mark.parametrize("pattern", ["%F %T", "%F %R:%S", "%Y-%m-%e %H:%M:%S"])
def test_short_directives(pattern):
    march = datetime(2024, 3, 1, 13, 14, 15, tzinfo=UTC).timestamp() * 10**6
    assert read(pa.array(["2024-03-01 13:14:15"]), timestamp_format=pattern) == [march]
    refused(pa.array(["2024-02-30 13:14:15"]), timestamp_format=pattern)


def test_directives_that_python_does_not_know():
    assert read(pa.array(["1709251200"]), timestamp_format="%s") == [1709251200 * 10**6]


@pytest.mark.parametrize(
    "text", ["yesterday", "2024-02-30", "29/02/2024", "2024-02-29T25:00", " 2024-02-29", "20240229"]
)
def test_text_that_is_not_iso_names_the_row(text):
    texts = pa.array(["2024-02-29", None, text, "neither"])
    error = refused(texts, timestamp_format="iso")
    assert f"row 102: '{text}' does not have the format 'iso'" in error.message
    assert "ingest.timestamp_format" in error.remedy


def test_text_with_another_format_names_the_row():
    error = refused(pa.array(["1/2/2024", "1/2/2024 x"]), timestamp_format="%d/%m/%Y")
    assert "row 101: '1/2/2024 x' does not have the format '%d/%m/%Y'" in error.message


def test_text_in_parquet_needs_a_format():
    error = refused(pa.array([None, "2024-02-29"]))
    assert "row 101: '2024-02-29' is text" in error.message
    assert "ingest.timestamp_format" in error.remedy


@pytest.mark.parametrize("values", [pa.array([1_700_000_000]), pa.array([1.7e9])])
def test_numbers_need_a_unit(values):
    error = refused(values)
    assert f"is {values.type}, a timestamp is needed" in error.message
    assert "ingest.timestamp_unit" in error.remedy


@pytest.mark.parametrize(
    "values", [pa.array([True]), pa.array([[1]]), pa.array([1], pa.time64("us"))]
)
def test_what_is_no_time(values):
    refused(values)
    refused(values, timestamp_unit="s")


def test_column_of_nothing():
    assert read(pa.nulls(2)) == [None, None]
    assert read(pa.array([], pa.string()), timestamp_format="iso") == []
    assert read(pa.array([], pa.string()), timestamp_format="%Y") == []
