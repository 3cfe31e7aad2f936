"""The page, its aims and its plots, from kept documents."""

import json
from argparse import ArgumentTypeError, Namespace
from pathlib import Path
from typing import Any

import aims
import growth
import kept
import page
import pytest
import quick
import scaling
import suite
from cold_run import ColdRun, RunFailed
from reference_job import VARIANCE_ALONE
from synthetic import REFERENCE, sizes_of

from cfdist.cli.options import load_config

MACHINE = {
    "cpu": "a CPU", "cores": 2, "memory_bytes": 2**34, "system": "Linux", "load": 0.1,
    "versions": {"python": "3.11"}, "blas": [],
}  # fmt: skip


def cold_run(wall_s: float, **seconds: float) -> ColdRun:
    output = {"seconds": seconds, "metrics": {"n_profiles": 3, "nnz": 9}}
    return ColdRun(wall_s, 2 * 10**9, wall_s, 0.0, output, 10**9)


def growth_rows() -> list[dict[str, Any]]:
    rows = []
    for with_search, factors in ((True, (1,)), (False, (1, 3))):
        for size, factor in zip((growth.SIZES[0], growth.SIZES[-1]), factors, strict=False):
            run = cold_run(
                10.0 * factor + 2 * with_search, ingest=2.0 * factor, neighbors=4.0 * factor
            )
            about = {**size, "user_search": with_search, "memory_limit": None}
            rows.append(about | growth.row_of([run], size["n_interactions"]))
    growth._compare_with_smallest(rows)
    return rows


def neighbor_rows(ratio: float = 25.0) -> list[dict[str, Any]]:
    about = {"data_set": "reference", "title": "a shop", "searched": "all users", "n_rows": 100}
    ours = {"peer": "cfdist", "seconds_median": 1.0, "ratio_to_cfdist": 1.0, "recall": 1.0}
    ours |= {"n_components": 50, "largest_error": 1e-8}
    flat = {"peer": "faiss IndexFlatIP", "seconds_median": ratio, "ratio_to_cfdist": ratio}
    flat |= {"recall": 1.0, "n_queries": 10, "note": ""}
    return [about | ours, about | flat, about | {"peer": "other", "error": "is not installed"}]


def neighbor_document(**about: Any) -> dict[str, Any]:
    data = {"sizes": REFERENCE, "sets": []}
    return kept.document("neighbors", neighbor_rows(), MACHINE, data=data, **about)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    kept.write(tmp_path / "neighbors.json", neighbor_document())
    kept.write(tmp_path / "growth.json", kept.document("growth", growth_rows(), MACHINE))
    return tmp_path


def test_documents_come_back_as_they_were_written(tmp_path: Path) -> None:
    kept.write(tmp_path / "a.json", {"x": [1.23456789], "n": 3})
    assert kept.read("a", tmp_path) == {"x": [1.23457], "n": 3}
    assert kept.read("b", tmp_path) is None
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_the_page_shows_what_is_kept_and_says_what_is_not(folder: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    target = folder / "docs" / "benchmarks.md"
    page.write_page(folder, target)
    text = target.read_text(encoding="utf-8")
    assert "| exact 20 similar users, reference: faiss flat | ≥ 20 × | 25 × | yes |" in text
    assert "| faiss IndexFlatIP | 100 | 10, scaled | 25 | 25 | 1.0000 |" in text
    assert "is not installed" in text
    assert text.count("Not measured yet.") == 4
    images = {path.name: path.read_bytes() for path in (target.parent / "images").iterdir()}
    assert set(images) == {"benchmark-neighbors.svg", "benchmark-growth.svg"}
    assert all(name in text for name in images)
    page.write_page(folder, target)
    again = {path.name: path.read_bytes() for path in (target.parent / "images").iterdir()}
    assert again == images
    assert not any(b"<dc:date>" in image for image in images.values())


def test_the_page_of_nothing_has_every_heading() -> None:
    text = "\n".join(page.lines({}))
    assert all(f"## {title}" in text for title, _, _ in page.SECTIONS.values())
    assert text.count("not measured") == len(aims.AIMS)


def test_an_aim_that_is_missed_says_so() -> None:
    document = neighbor_document() | {"rows": neighbor_rows(ratio=19.0)}
    found = {row[0]: row for row in aims.rows({"neighbors": document})}
    assert found["exact 20 similar users, reference: faiss flat"][2:] == ["19 ×", "**no**"]


@pytest.mark.parametrize(("n_rows", "measured"), [(557_000, "1.5 ×"), (50_000, "not measured")])
def test_the_faster_arpack_counts_on_the_reference_shop(n_rows: int, measured: str) -> None:
    rows = [
        {"peer": "scikit-learn arpack", "data_set": "reference", "ratio_to_cfdist": 2.5},
        {"peer": "scipy svds arpack", "data_set": "reference", "ratio_to_cfdist": 1.5},
        {"peer": "scipy svds arpack", "data_set": "gowalla", "ratio_to_cfdist": 0.5},
        {"peer": "scipy broken arpack", "data_set": "reference", "error": "too large"},
    ]
    data = [{"data_set": "reference", "n_rows": n_rows}]
    found = {row[0]: row for row in aims.rows({"svd": {"rows": rows, "data": data}})}
    assert found["the same: ARPACK"][2] == measured


def test_an_aim_is_not_reached_on_a_smaller_shop() -> None:
    small = neighbor_document() | {"data": {"sizes": sizes_of("50x20x150"), "sets": []}}
    assert all(row[2] == "not measured" for row in aims.rows({"neighbors": small}))


def test_limits_from_above_and_below() -> None:
    at_most = aims.Aim("memory", lambda documents: 2.0, at_most=1.5, unit="GB")
    assert not at_most.holds(1.6)
    assert at_most.holds(1.5)
    assert at_most.wanted == "≤ 1.5 GB"
    assert aims.Aim("speed", lambda documents: 2.0, at_least=2).holds(2.0)


def test_the_plan_is_judged_by_its_worst_row() -> None:
    rows = [
        {"planned_bytes": 100, "measured_bytes": 110, "planned_seconds": 5, "measured_seconds": 2},
        {"planned_bytes": 120, "measured_bytes": 100, "planned_seconds": 2, "measured_seconds": 3},
    ]
    documents = {"plan": {"rows": rows}}
    assert aims.worst_of_plan("bytes")(documents) == pytest.approx(1.2)
    assert aims.worst_of_plan("seconds")(documents) == pytest.approx(2.5)
    assert aims.worst_of_plan("seconds")({}) is None


def test_cost_of_growth_leaves_the_search_out() -> None:
    with_search, small, large = growth_rows()
    assert small["search_s"] == 4
    assert small["outside_search_us"] == pytest.approx(6e6 / small["n_interactions"])
    share = small["n_interactions"] / large["n_interactions"]
    assert large["times_smallest"] == pytest.approx(3 * share)
    assert with_search["times_smallest"] == small["times_smallest"] == 1
    assert small["seconds"]["rest"] == 4


def test_growth_tables_show_a_failed_size() -> None:
    failed = {**growth.SIZES[1], "user_search": False, "memory_limit": "12GB", "error": "a\nb"}
    text = "\n".join(growth.lines([*growth_rows(), failed]))
    assert "| | 1.64 M | 16 M | 4 M, 12GB |".replace("| |", "|  |") in text
    assert "failed" in text
    assert "b" in "\n".join(page.growth_section({"rows": [*growth_rows(), failed]}))


def test_every_size_runs_without_similar_users_and_the_small_ones_with() -> None:
    given = Namespace(
        sizes=[*growth.SIZES, growth.LARGEST], without_user_search=False, search_up_to=4_000_000
    )
    planned = growth.plan(given)
    assert [sizes["n_interactions"] for sizes, search in planned if search] == [
        1_640_000, 4_000_000,
    ]  # fmt: skip
    assert len([1 for _, search in planned if not search]) == 4
    given.without_user_search = True
    assert not any(search for _, search in growth.plan(given))


def test_the_limit_holds_for_large_sizes_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    class Work:
        def train(self, data: Path, name: str, *options: str) -> ColdRun:
            asked.append((name, options))
            return cold_run(1.0, neighbors=0.5)

        def forget(self, name: str) -> None:
            asked.append(("forgotten", ()))

    monkeypatch.setattr(growth, "make_data", lambda sizes, seed=0: Path("data"))
    given = Namespace(memory_limit="2GB", limit_from=4_000_000, seed=0, repeat=2)
    small, large = (growth.measure(Work(), s, True, given) for s in growth.SIZES[::2])
    assert (small["memory_limit"], large["memory_limit"]) == (None, "2GB")
    limited = ("--memory-limit", "2GB")
    run, away = [("grown", ()), ("forgotten", ())], ("forgotten", ())
    assert asked == [("warm-up", ()), *run, *run, ("warm-up", limited), ("grown", limited), away]


def test_a_size_that_fails_is_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    class Work:
        def train(self, *given: object) -> ColdRun:
            raise RunFailed("killed")

    monkeypatch.setattr(growth, "make_data", lambda sizes, seed=0: Path("data"))
    given = Namespace(memory_limit=None, limit_from=0, seed=0, repeat=1)
    found = growth.measure(Work(), growth.SIZES[0], False, given)
    assert found["error"] == "killed"
    assert not found["user_search"]


def test_speed_up_and_files_that_differ() -> None:
    one = {"wall_s": 10.0, "seconds": {"ingest": 4.0, "rest": 6.0}}
    two = {"wall_s": 8.0, "seconds": {"ingest": 2.0, "rest": 6.0}}
    assert scaling.speed_up(one, two) == {"ingest": 2, "rest": 1, "total": 1.25}
    hashes = [{"a": "1", "b": "2"}, {"a": "1"}]
    assert scaling.differing_files(hashes) == ["b"]
    rows = [run | {"workers": n, "speed_up": scaling.speed_up(one, run)}
            for n, run in ((1, one), (2, two))]  # fmt: skip
    assert "same bytes" in scaling.lines({"rows": rows, "differing_files": []})[-1]
    assert "b" in scaling.lines({"rows": rows, "differing_files": ["b"]})[-1]


def test_quick_ratios_are_compared_with_the_kept_ones() -> None:
    documents = {
        "reference_job": {
            "ratios": {"total": 3.0, "neighbors": 5.0},
            "rows": [],
            "train": {"others_share": 0.2},
            "peer": {"others_share": 0.3},
        },
        "neighbors": {"rows": neighbor_rows()},
        "svd": None,
    }
    now = dict(quick.ratios_of(documents))
    assert now == {
        "reference job, total": 3.0, "reference job, neighbors": 5.0,
        "neighbors, faiss IndexFlatIP, all users": 25.0,
    }  # fmt: skip
    assert quick.disturbance(documents) == 0.3
    assert quick.disturbance(documents | {"reference_job": None}) == 0
    before = now | {"reference job, total": 4.6}
    assert quick.fallen(before, now) == ["reference job, total"]
    assert quick.fallen(now, now) == []
    assert any("FELL" in line for line in quick.lines(before, now))
    assert any("not measured" in line for line in quick.lines(before | {"new": 1.0}, now))


@pytest.mark.parametrize(("fell", "code"), [(True, 1), (False, 0)])
def test_quick_ends_with_one_if_a_ratio_fell(
    fell: bool, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    def run_all(parts: Any, folder: Path) -> bool:
        kept.write(folder / "neighbors.json", neighbor_document())
        return True

    monkeypatch.setattr(quick, "run_all", run_all)
    monkeypatch.setattr(quick, "RESULTS", tmp_path)
    monkeypatch.setattr(quick, "KEPT", tmp_path)
    before = {"neighbors, faiss IndexFlatIP, all users": 50.0 if fell else 20.0}
    monkeypatch.setattr(quick, "read", lambda name, folder=None: (
        {"ratios": before} if name == "quick" else kept.read(name, folder)))  # fmt: skip
    monkeypatch.setattr("sys.argv", ["quick.py", "--keep"])
    with pytest.raises(SystemExit) as ended:
        quick.main()
    assert ended.value.code == code
    assert ("FELL" in capsys.readouterr().out) == fell
    stored = json.loads((tmp_path / "quick.json").read_text())["ratios"]
    assert stored == {"neighbors, faiss IndexFlatIP, all users": 25.0}


def test_a_part_that_fails_keeps_what_it_wrote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    script = "import sys, pathlib; pathlib.Path(sys.argv[-1]).write_text('{}'); sys.exit(3)"
    (tmp_path / "half.py").write_text(script)
    (tmp_path / "none.py").write_text("raise SystemExit(1)")
    (tmp_path / "good.py").write_text(script.replace("(3)", "(0)"))
    monkeypatch.setattr(suite, "HERE", tmp_path)
    monkeypatch.setattr(suite, "RESULTS", tmp_path / "results")
    parts = [suite.Part(name) for name in ("half", "none", "good")]
    assert not suite.run_all(parts, tmp_path / "kept")
    assert sorted(p.name for p in (tmp_path / "kept").iterdir()) == ["good.json", "half.json"]
    said = capsys.readouterr().err
    assert "| half | FAILED |" in said
    assert "| good | done |" in said
    assert suite.run_all(parts[2:], tmp_path / "kept")


def test_sizes_are_three_numbers() -> None:
    with pytest.raises(ArgumentTypeError, match="5x7"):
        sizes_of("5x7")


def test_settings_that_the_benchmarks_hand_over_exist() -> None:
    options = (*growth.WITHOUT_USER_SEARCH, *scaling.ONE_THREAD, *VARIANCE_ALONE)
    given = tuple(text for text in options if text != "--set")
    config, _ = load_config(None, given, {})
    assert config.neighbors.n_similar_users == 0
    assert config.cluster.threads == 1
    assert not config.experiment.evaluate
