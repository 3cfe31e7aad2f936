"""The command: what it asks for, and what it keeps."""

import json

import pytest
import quality
from quality_tables import difference_cell, with_interval

from cfdist.evaluation.intervals import Estimate

FOUND = Estimate(0.1851, 0.1826, 0.1876, 0.0013, 29_858)


def test_estimates_keep_their_names_in_the_file() -> None:
    kept = json.loads(json.dumps(quality.plain({"rows": [{"recall@20": FOUND}]})))
    assert kept == {"rows": [{"recall@20": FOUND._asdict()}]}


def test_figures_are_shown_with_their_interval() -> None:
    assert with_interval(FOUND) == "0.1851 ± 0.0025"
    assert difference_cell(Estimate(-0.002, -0.003, -0.001, 0.0005, 9)) == (
        "-0.0020 [-0.0030, -0.0010]"
    )


def test_the_data_must_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["quality.py", "gowalla"])
    with pytest.raises(SystemExit):
        quality.parse_arguments()


def test_peers_need_their_package(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setattr(quality, "find_spec", lambda name: None)
    monkeypatch.setattr("sys.argv", ["quality.py", "online-retail", "--data", "x"])
    with pytest.raises(SystemExit):
        quality.parse_arguments()
    assert "implicit" in capsys.readouterr().err
    monkeypatch.setattr("sys.argv", ["quality.py", "online-retail", "--data", "x", "--skip-peers"])
    assert quality.parse_arguments().skip_peers
