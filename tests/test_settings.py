import pytest

from cfdist.config import Config

DATES = {
    '"2026-03-22"': "2026-03-22",
    "2026-03-22": "2026-03-22",
    "2026-03-22T12:00:00Z": "2026-03-22T12:00:00+00:00",
    "2026-03-22T12:00:00": "2026-03-22T12:00:00",
}


@pytest.mark.parametrize("written", DATES)
def test_a_date_needs_no_quotes_in_the_file(tmp_path, written):
    """TOML reads a bare date as a date."""
    path = tmp_path / "cfdist.toml"
    path.write_text(f"[evaluation]\ndate = {written}\n[ingest]\nfirst_date = {written}\n")
    config = Config.load(path)
    assert config.evaluation.date == config.ingest.first_date == DATES[written]
