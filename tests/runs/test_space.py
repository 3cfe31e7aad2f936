import re
from pathlib import Path

import pytest

from cfdist.config import Config, flatten
from cfdist.errors import ConfigError
from cfdist.runs.space import parse_space, read_space

ROOT = Path(__file__).parent.parent.parent
METHOD = "recommend.method"


def base(**settings):
    known = flatten(Config.load(None).model_dump())
    return known | {METHOD: "latent"} | {k.replace("__", "."): v for k, v in settings.items()}


def test_ranges_choices_and_shared_values():
    space = parse_space(
        {
            "factorize": {"n_components": {"low": 10, "high": 200, "log": True}, "seed": 3},
            "recommend": {
                "method": {"choices": ["latent", "popular"]},
                "spectral": {"low_pass": {"low": 0, "high": 1.0}},
            },
        }
    )
    # The method comes first: it decides whether the others are asked for.
    assert list(space.varied) == [
        METHOD, "factorize.n_components", "recommend.spectral.low_pass",
    ]  # fmt: skip
    assert space.shared == {"factorize.seed": 3}
    low_pass = space.varied["recommend.spectral.low_pass"]
    assert isinstance(low_pass.low, float)
    assert 0.5 in low_pass
    assert None not in low_pass
    assert 9 not in space.varied["factorize.n_components"]
    assert "spectral" not in space.varied[METHOD]


def test_steps_end_where_the_last_step_is():
    whole = parse_space({"neighbors": {"n_similar_users": {"low": 5, "high": 24, "step": 5}}})
    setting = whole.varied["neighbors.n_similar_users"]
    assert setting.high == 20
    assert [n for n in range(1, 30) if n in setting] == [5, 10, 15, 20]
    low_pass = {"low": 0.0, "high": 1.0, "step": 0.1}
    tenth = parse_space({"recommend": {"spectral": {"low_pass": low_pass}}})
    setting = tenth.varied["recommend.spectral.low_pass"]
    assert setting.high == 1.0
    assert 0.3 in setting
    assert 0.35 not in setting


@pytest.mark.parametrize(
    ("text", "said", "remedy"),
    [
        ("[factorize]\nn_component = {low = 1, high = 2}", "component'", "n_components"),
        ("[factorise]\nn_components = {low = 1, high = 2}", "'factorise'", "factorize"),
        ("n_components = {low = 1, high = 2}", "'n_components'", "factorize.n_components"),
        ("[ingest]\nreturns = {choices = ['net']}", r"\[ingest\] is the same for all", "--set"),
        ("[recommend]\nn_recommendations = 5", "n_recommendations is the same for all", "--set"),
        ("[factorize]\nn_components = {low = 9, high = 3}", "low = 9 is not below", "exch"),
        ("[factorize]\nn_components = {low = 0, high = 3}", "greater than or equal to 1", "config"),
        ("[factorize]\nn_components = {low = 1, high = 9999}", "n_components = 9999", "config"),
        ("[factorize]\nn_components = {low = 1.5, high = 9}", "low = 1.5, and .* whole", "low = 2"),
        ("[factorize]\nn_components = {low = 1.0, high = 9}", "low = 1.0, and .* whole", "low = 1"),
        ("[factorize]\nn_components = {low = true, high = 9}", "low = True is no number", "write"),
        ("[factorize]\nn_components = {low = 1}", "no 'high'", "low"),
        ("[factorize]\nn_components = {lo = 1, high = 3}", "'lo' in its table", "low"),
        ("[factorize]\nn_components = {}", "no 'low'", "low"),
        ("[factorize]\nn_components = {choices = [1], high = 3}", "'high' in its table", "choices"),
        ("[factorize]\nn_components = {choices = []}", "no list", "choices"),
        ("[factorize]\nn_components = {choices = 5}", "no list", "choices"),
        ("[factorize]\nn_components = {choices = ['8']}", "n_components = '8': is no int", "= 8"),
        ("[factorize]\nn_components = {choices = [8, 8]}", "8 twice", "once"),
        ("[factorize]\nn_components = {low = 2, high = 9, step = 0}", "step = 0", "above 0"),
        ("[factorize]\nn_components = {low = 2, high = 9, step = 9}", "step = 9", "7 at most"),
        ("[factorize]\nn_components = {low = 2, high = 9, log = 1}", "log = 1", "log"),
        ("[factorize]\nn_components = {low = 2, high = 9, step = 2, log = true}", "both", "leave"),
        ("[factorize]\nn_components = 0\nseed = {low = 1, high = 2}", "n_components = 0", "config"),
        ("[recommend.spectral]\nlow_pass = {low = 0.0, high = 1.0, log = true}", "low = 0.0", "0"),
        ("[recommend.spectral]\nlow_pass = {low = 0.0, high = inf}", "not finite", "number"),
        ("[recommend.spectral]\nlow_pass = {low = nan, high = 1.0}", "not finite", "number"),
        ("[recommend]\nmethod = {choices = ['latent', 'svd']}", "recommend.method = 'svd'", "conf"),
        ("[recommend]\nmethod = {choices = ['auto']}", "'auto': cannot be measured", "user_neigh"),
        ("[recommend]\nmethod = {low = 1, high = 2}", "is no number", "choices"),
        ("[recommend]\none_per_variant = {choices = [1, true]}", "= 1: is no bool", "True"),
        ("[recommend]\nspectral = 3", "is a section", r"\[recommend.spectral\]"),
        ("factorize = 3", "is a section", r"\[factorize\]"),
        ("[factorize]\nn_components = 20", "nothing to vary", "low"),
        ("", "nothing to vary", "low"),
        ("[factorize\n", "line 1", "TOML"),
    ],
)  # fmt: skip
def test_mistakes_are_named_with_file_and_remedy(tmp_path, text, said, remedy):
    file = tmp_path / "space.toml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=said) as caught:
        read_space(file)
    assert caught.value.message.startswith(f"{file}: ")
    assert caught.value.remedy
    assert re.search(remedy, caught.value.remedy)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(ConfigError, match=r"nowhere.toml: cannot be read"):
        read_space(tmp_path / "nowhere.toml")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_space(tmp_path)
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match=r"binary.toml: "):
        read_space(tmp_path / "binary.toml")


def asked_for(space, known, **picked):
    """Keys of a trial in which some settings are picked, and the others are their lowest."""
    chosen = {key.replace("__", "."): value for key, value in picked.items()}
    settings = space.settings(known, lambda s: chosen.get(s.key, s.examples[0]))
    return {key for key in settings if key in space.varied}


def test_only_what_the_method_reads_is_asked_for():
    space = read_space(ROOT / "docs" / "sweep-space.toml")
    latent = asked_for(space, base(), recommend__method="latent")
    assert latent == {
        METHOD, "matrix.weighting", "factorize.n_components",
        "recommend.latent.article_scaling", "recommend.latent.ease_lambda",
    }  # fmt: skip
    users = {METHOD, "matrix.weighting", "neighbors.n_similar_users"} | {
        f"recommend.user_neighbors.{key}" for key in ("space", "cosine_power")
    }
    method = {"recommend__method": "user_neighbors"}
    assert asked_for(space, base(), **method) == users | {"factorize.n_components"}
    method["recommend__user_neighbors__space"] = "raw"
    damping = "recommend.user_neighbors.article_damping"
    assert asked_for(space, base(), **method) == users | {damping}
    spectral = asked_for(space, base(), recommend__method="spectral")
    assert {key.rpartition(".")[0] for key in spectral} == {"recommend", "recommend.spectral"}
    history = asked_for(space, base(), recommend__method="history")
    assert history == {METHOD, "matrix.weighting"}


def test_a_blend_reads_what_its_parts_read():
    space = parse_space(
        {
            "factorize": {"n_components": {"low": 4, "high": 8}},
            "neighbors": {"n_similar_users": {"low": 4, "high": 8}},
            "recommend": {"blend": {"latent": {"low": 0.0, "high": 1.0}}, "method": "blend"},
        }
    )
    weights = {"recommend__blend__user_neighbors": 0.0, "recommend__blend__spectral": 1.0}
    assert asked_for(space, base(**weights)) == {"recommend.blend.latent"}
    both = asked_for(space, base(**weights), recommend__blend__latent=0.5)
    assert both == {"recommend.blend.latent", "factorize.n_components"}


def test_rules_of_the_lists_hold_for_every_method():
    space = parse_space({"recommend": {"max_per_category": {"low": 1, "high": 5}}})
    assert asked_for(space, base(recommend__method="popular")) == {"recommend.max_per_category"}
    space.require_effects(base(recommend__method="popular"))


def test_a_setting_that_no_trial_reads_is_refused():
    damping = {"article_damping": {"low": 0.0, "high": 1.0}}
    table = {"recommend": {"user_neighbors": damping}}
    with pytest.raises(ConfigError, match=r"article_damping has no effect.*'latent'"):
        parse_space(table).require_effects(base())
    with pytest.raises(ConfigError, match="no effect"):  # the neighbours are latent
        parse_space(table).require_effects(base(recommend__method="user_neighbors"))
    table["recommend"]["user_neighbors"] = damping | {"space": {"choices": ["latent", "raw"]}}
    parse_space(table).require_effects(base(recommend__method="user_neighbors"))
    raw = {"user_neighbors": damping | {"space": "raw"}, "method": "user_neighbors"}
    parse_space({"recommend": raw}).require_effects(base())


def test_every_setting_of_the_example_can_have_an_effect():
    read_space(ROOT / "docs" / "sweep-space.toml").require_effects(base())


def test_the_same_space_is_described_alike_in_any_order():
    one = parse_space({"factorize": {"n_components": {"low": 4, "high": 8}, "seed": 1}})
    other = parse_space({"factorize": {"seed": 1, "n_components": {"high": 8, "low": 4}}})
    assert one.described() == other.described()
    third = parse_space({"factorize": {"n_components": {"low": 4, "high": 9}, "seed": 1}})
    assert one.described() != third.described()
