"""Sweeps over the sample: few trials of quick methods."""

import json
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from running import open_context

from cfdist.cli.options import load_config
from cfdist.config import Config
from cfdist.errors import ConfigError, ConflictError, DataError
from cfdist.evaluation.intervals import paired_clustered
from cfdist.evaluation.report import render
from cfdist.runs import sweep as module
from cfdist.runs.recent import RecentArtifacts
from cfdist.runs.space import parse_space
from cfdist.runs.study import Study, Trial, require_optuna
from cfdist.runs.sweep import sweep
from cfdist.runs.sweep_document import set_options, sweep_document, toml_lines
from cfdist.runs.sweep_folder import alone, described, require_same
from cfdist.runs.values import read_values, store_values

pytest.importorskip("optuna")

GIVEN = {"recommend": {"method": "latent"}, "evaluation": {"seed": 7}}
TABLE = {
    "factorize": {"n_components": {"low": 2, "high": 32, "log": True}},
    "recommend": {
        "method": {"choices": ["latent", "popular"]},
        "latent": {"article_scaling": {"low": 0.0, "high": 1.0}},
    },
}
SPACE = parse_space(TABLE, "text")


@pytest.fixture
def context(tmp_path):
    with open_context(tmp_path, given=GIVEN) as opened:
        yield opened


@pytest.fixture(scope="module")
def rolling(tmp_path_factory):
    """A sweep with a window that chose nothing: the run, its document, its folder."""
    given = GIVEN | {"evaluation": {"split": "rolling", "n_windows": 2}}
    folder = tmp_path_factory.mktemp("rolling")
    with open_context(folder, given=given) as context:
        run = sweep(context, SPACE, 4)
        yield run, sweep_document(run), folder


def told(run):
    return [(t.number, t.settings, t.value and t.value["mean"]) for t in run.study.trials]


def folder_of(context):
    return Path(context.config.runs.path), context.run_id


def test_the_settings_as_they_are_come_first(rolling):
    run, result, _ = rolling
    assert result["trials"][0]["settings"] == {
        "recommend.method": "latent",
        "factorize.n_components": 16,
        "recommend.latent.article_scaling": 1.0,
    }
    assert [trial["number"] for trial in result["trials"]] == [0, 1, 2, 3]
    assert run.status == result["status"] == "done"
    defaults = next(row for row in result["candidates"] if row["name"] == "defaults")
    value = result["trials"][0]["value"]
    assert defaults["metrics"]["new"]["recall@10"] == pytest.approx(value)


def test_what_a_method_does_not_read_is_not_suggested(rolling):
    for trial in rolling[1]["trials"]:
        extra = {"factorize.n_components", "recommend.latent.article_scaling"}
        method = trial["settings"]["recommend.method"]
        expected = extra if method == "latent" else set()
        assert set(trial["settings"]) - {"recommend.method"} == expected


def test_the_best_is_judged_by_paired_differences_in_both_kinds_of_window(rolling):
    run, result, _ = rolling
    best = result["best"]
    assert best["number"] == max(result["trials"], key=lambda t: t["value"]["mean"])["number"] > 0
    able = run.outcomes
    users = np.concatenate([fold.users for fold in run.choosing])
    ours, theirs = (
        np.concatenate([run.target.of(able[name].measured[f.name]) for f in run.choosing])
        for name in ("best", "defaults")
    )
    assert best["against_defaults"] == pytest.approx(
        paired_clustered(ours, theirs, users)._asdict()
    )
    last = run.folds[-1]
    ours, theirs = (run.target.of(able[name].measured[last.name]) for name in ("best", "defaults"))
    assert best["report"]["window"] == last.name == "report"
    assert best["report"]["against_defaults"]["mean"] == pytest.approx(np.nanmean(ours - theirs))
    assert any("looks better than it is" in note for note in result["notes"])


def test_the_document_is_json_and_a_page(rolling):
    result = json.loads(json.dumps(rolling[1], allow_nan=False))
    assert [row["name"] for row in result["candidates"]] == ["popular", "defaults", "best"]
    assert {row["status"] for row in result["candidates"]} == {"ok"}
    assert len(result["split"]["windows"]) == 3
    page = render(result)
    assert "article_scaling" in page
    assert "4 trials, the best first" in page


def test_values_per_user_of_candidates_come_back(rolling):
    run, _, folder = rolling
    store_values(folder, "", run.comparison)
    found = read_values(folder, "")
    assert found.metric == "new recall@10"
    assert list(found.of) == ["popular", "defaults", "best"]
    for fold in run.folds:
        np.testing.assert_array_equal(found.users[fold.name], fold.users)
        expected = run.target.of(run.outcomes["best"].measured[fold.name])
        np.testing.assert_array_equal(found.of["best"][fold.name], expected)
    assert read_values(folder, "nowhere") is None


def test_without_a_reporting_window_the_note_says_so(context):
    result = sweep_document(sweep(context, SPACE, 2))
    assert result["best"]["report"] is None
    assert any("evaluation.split = 'rolling'" in note for note in result["notes"])


def test_a_stopped_sweep_comes_to_the_same_trials(context, monkeypatch):
    whole = told(sweep(context, SPACE, 4))

    measured = module._measured

    def interrupted(own, folds, candidate):
        if len(context.seen) == 3:  # popular, the defaults, one trial
            raise KeyboardInterrupt
        context.seen.append(candidate)
        return measured(own, folds, candidate)

    context.seen, context.run_id = [], "20260102T000000Z-test"
    with monkeypatch.context() as patched:
        patched.setattr(module, "_measured", interrupted)
        run = sweep(context, SPACE, 4)
    result = sweep_document(run)
    assert result["status"] == "stopped"
    assert "stopped: 2 of 4 trials were measured" in result["notes"]
    assert len(result["trials"]) == 2
    assert told(run) == whole[:2]
    json.dumps(result, allow_nan=False)
    render(result)

    again = sweep(context, SPACE, 4)
    assert (again.status, told(again)) == ("done", whole)
    assert [o.candidate.name for o in again.comparison.able][:2] == ["popular", "defaults"]
    assert told(sweep(context, SPACE, 4)) == whole  # nothing is left to do
    more = sweep(context, SPACE, 5)
    assert told(more)[:4] == whole


def test_an_interruption_before_the_first_trial_goes_through(context, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "_measured", interrupted)
    with pytest.raises(KeyboardInterrupt):
        sweep(context, SPACE, 2)


def test_other_settings_space_or_input_cannot_go_on(context):
    runs, run = folder_of(context)
    sweep(context, SPACE, 1)
    other = parse_space(TABLE | {"factorize": {"n_components": {"low": 2, "high": 30}}})
    with pytest.raises(ConfigError, match=r"n_components = .*'high': 30.* it was .*'high': 32"):
        sweep(context, other, 2)
    fewer = parse_space({key: TABLE[key] for key in ("recommend",)})
    with pytest.raises(ConfigError, match=r"factorize.n_components = None, and in the sweep"):
        sweep(context, fewer, 2)
    changed = context.config.evaluation.model_copy(update={"metric": "ndcg@10"})
    config = context.config.model_copy(update={"evaluation": changed})
    with pytest.raises(ConfigError, match=r"evaluation.metric = 'ndcg@10'.*it was 'recall@10'"):
        sweep(context.with_config(config), SPACE, 2)
    about = described(context.config, SPACE)
    require_same(runs, run, about)
    with pytest.raises(DataError, match="input or an installed library has changed"):
        require_same(runs, run, about | {"input": "other"})
    with pytest.raises(DataError, match="no sweep to go on with"):
        require_same(runs, "nowhere", about)


def test_failed_trials_are_kept_and_the_others_go_on(context):
    blend = {"method": {"choices": ["blend", "latent"]}, "blend": dict.fromkeys(
        ("spectral", "user_neighbors", "item_neighbors", "latent"), 0.0)}  # fmt: skip
    scaling = {"latent": {"article_scaling": {"low": 0.0, "high": 1.0}}}
    run = sweep(context, parse_space({"recommend": blend | scaling}), 5)
    result = sweep_document(run)
    by_method = {t["settings"]["recommend.method"]: t for t in result["trials"]}
    assert by_method["blend"]["status"] == "failed"
    assert "every weight of recommend.blend is 0" in by_method["blend"]["error"]
    assert by_method["blend"]["value"] is None
    assert by_method["latent"]["status"] == "ok"
    assert told(sweep(context, parse_space({"recommend": blend | scaling}), 5)) == told(run)


def test_all_trials_may_fail(context):
    blend = dict.fromkeys(("spectral", "user_neighbors", "item_neighbors", "latent"), 0.0)
    table = {"recommend": {"method": "blend", "blend": blend, "one_per_variant": {
        "choices": [True, False]}}}  # fmt: skip
    result = sweep_document(sweep(context, parse_space(table), 2))
    assert result["best"] is None
    assert {t["status"] for t in result["trials"]} == {"failed"}
    render(json.loads(json.dumps(result, allow_nan=False)))


def test_equal_settings_are_measured_once(context, monkeypatch):
    measured, names = module._measured, []

    def counting(own, folds, candidate):
        names.append(candidate.settings["recommend.method"])
        return measured(own, folds, candidate)

    monkeypatch.setattr(module, "_measured", counting)
    table = {"recommend": {"method": {"choices": ["latent", "popular"]}}}
    run = sweep(context, parse_space(table), 6)
    assert len(run.study.trials) == 6
    assert sorted(names) == ["latent", "popular", "popular"]  # popular is the baseline, too
    by_method = {}
    for trial in run.study.trials:
        by_method.setdefault(trial.settings["recommend.method"], set()).add(trial.mean)
    assert all(len(means) == 1 for means in by_method.values())


def test_defaults_outside_of_the_space_are_measured_as_they_are(context):
    table = {"factorize": {"n_components": {"low": 2, "high": 4}}}
    run = sweep(context, parse_space(table), 2)
    assert run.study.trials[0].settings["factorize.n_components"] == 16
    assert 2 <= run.study.trials[1].settings["factorize.n_components"] <= 4


def test_the_time_may_be_over(context):
    run = sweep(context, SPACE, 3, timeout_s=0.0)
    assert (run.status, run.study.trials) == ("timed out", [])
    result = sweep_document(run)
    assert result["best"] is None
    assert "the time was over after 0 of 3 trials" in result["notes"]


def test_settings_without_effect(context):
    table = {"neighbors": {"n_similar_users": {"low": 2, "high": 4}}}
    with pytest.raises(ConfigError, match="n_similar_users has no effect"):
        sweep(context, parse_space(table), 2)


def test_nobody_to_judge(tmp_path):
    users = [str(n % 5) for n in range(40)]
    columns = {"user_id": users, "article_id": [str(n % 20) for n in range(40)]}
    given = GIVEN | {"evaluation": {"split": "random", "share": 0.001, "ks": [1]}}
    given["evaluation"] |= {"metric": "recall@1"}
    with (
        open_context(tmp_path, columns, given) as context,
        pytest.raises(DataError, match="judged"),
    ):
        sweep(context, SPACE, 2)


def test_a_second_process_is_refused(tmp_path):
    with alone(tmp_path), pytest.raises(ConflictError, match="another process"), alone(tmp_path):
        pass
    with alone(tmp_path):
        pass


def test_memory_forgets_what_the_last_two_trials_did_not_use():
    memory = RecentArtifacts()
    memory["base"] = "b"
    memory.keep()
    memory["first"] = 1
    memory.forget()
    memory["second"] = 2
    memory.forget()
    assert set(memory) == {"base", "first", "second"}
    memory.get("second")
    memory.forget()
    assert set(memory) == {"base", "second"}
    memory.forget()
    memory.forget()
    assert set(memory) == {"base"}


def test_trials_do_not_fill_the_memory(context):
    run = sweep(context, SPACE, 6)
    kept = run.context.memory._kept
    n_stages = 4  # reweight, factorize, latent and recommend of one trial on one fold
    assert len(set(run.context.memory) - kept) <= 2 * n_stages


def test_optuna_says_nothing(tmp_path):
    code = (
        "from pathlib import Path; from cfdist.runs.space import parse_space as space; "
        "from cfdist.runs.study import Study; "
        "varied = space({'factorize': {'n_components': {'low': 1, 'high': 9}}}); "
        "study = Study(Path('.'), varied, 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("", "")


def test_what_stages_tell_within_a_trial_is_not_kept(context):
    table = {"factorize": {"n_components": {"low": 500, "high": 600}}}
    run = sweep(context, parse_space(table), 2)
    assert not [note for note in sweep_document(run)["notes"] if note.startswith("n_components")]


def finished(number, mean, settings=None):
    value = {"mean": mean, "low": None, "high": None, "standard_error": None, "n_users": 1}
    return Trial(number, "ok", value, settings or {})


def test_the_first_trial_teaches_optuna_and_is_best_among_equals(tmp_path):
    study = Study(tmp_path, SPACE, 0)
    known = {"recommend.method": "latent", "factorize.n_components": 50}
    known |= {"recommend.latent.article_scaling": 0.25}
    for number in range(3):
        asked, settings = study.ask(known)
        study.tell(asked, finished(number, 0.5, settings), [np.ones(1)])
    assert study.best.number == 0
    first = study._study.get_trials()[0]
    expected = {"recommend.method": "latent", "recommend.latent.article_scaling": 0.25}
    assert first.params == expected  # 50 components are outside of the space
    assert first.value == 0.5


def test_importance_needs_eight_trials(tmp_path):
    study = Study(tmp_path, SPACE, 0)
    known = {"recommend.method": "latent", "factorize.n_components": 16}
    known |= {"recommend.latent.article_scaling": 1.0}
    for number in range(12):
        asked, settings = study.ask(known)
        assert (study.importance() == {}) == (number < 8)
        # Only the number of components matters.
        mean = -abs(settings.get("factorize.n_components", 30) - 8.0)
        study.tell(asked, finished(number, mean, settings), [np.ones(1)])
    shares = study.importance()
    assert set(shares) <= set(SPACE.varied)
    assert sum(shares.values()) == pytest.approx(1)
    again = Study(tmp_path, SPACE, 0)
    assert again.trials == study.trials
    assert again.columns(again.trials[3])[0].tolist() == [1.0]


def test_a_damaged_journal_or_file_of_values_is_told(tmp_path):
    study = Study(tmp_path, SPACE, 0)
    with pytest.raises(DataError, match=r"00003.npz: cannot be read"):
        study.columns(Trial(3, "ok", None))
    (tmp_path / "journal.log").write_text("{]\n{]\n")
    with pytest.raises(DataError, match=r"journal.log: cannot be read"):
        Study(tmp_path, SPACE, 0)


def test_optuna_may_be_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(ConfigError, match="needs Optuna") as caught:
        require_optuna()
    assert caught.value.remedy == "pip install 'cfdist[sweep]'"


def test_settings_to_type_again_come_to_the_same():
    settings = {
        "recommend.method": "spectral",
        "recommend.allow": "a b/ä.txt",
        "recommend.one_per_variant": False,
        "recommend.spectral.low_pass": None,
        "factorize.tolerance": 1e-05,
    }
    given = tuple(shlex.split(" ".join(set_options(settings)))[1::2])
    typed, _ = load_config(Path("cfdist.toml"), given, {})
    written = Config.load(None, tomllib.loads(toml_lines(settings)))
    assert typed.recommend == written.recommend
    assert typed.factorize.tolerance == written.factorize.tolerance == 1e-05
    assert written.recommend.allow == "a b/ä.txt"
