"""A build against what its own matrix gives."""

import json
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from conftest import quick_config

from cfdist.builds import load_build
from cfdist.cli import cli
from cfdist.errors import BuildError, ConfigError
from cfdist.evaluation.verification import settings_of
from cfdist.pipeline import train, verify


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    folder = tmp_path_factory.mktemp("verify")
    config = quick_config(folder)
    return config, train(config, force=True)


@pytest.fixture
def changed(published, tmp_path):
    """A copy of the published root that a test may damage, and its config."""
    config, build = published
    root = tmp_path / "root"
    shutil.copytree(config.publish.root, root, symlinks=True)
    publish = config.publish.model_copy(update={"root": str(root)})
    return config.model_copy(update={"publish": publish}), root / "builds" / build.id


def checks_of(result):
    return {check.what.split(":")[0]: check for check in result.checks}


def test_a_build_agrees_with_itself(published):
    config, build = published
    result = verify(config, n_users=500)
    assert result.agrees
    assert (result.build, result.published_by, result.computed_by) == (build.id, "cpu", "cpu")
    assert result.n_users == 500
    assert checks_of(result)["entries of lists that agree"].compared > 4000
    assert json.loads(json.dumps(result.document()))["agrees"] is True


def test_nothing_is_published(published):
    config, build = published
    verify(config, n_users=10)
    assert load_build(config.publish.root).id == build.id


def test_the_settings_are_those_of_the_build(published):
    config, build = published
    other = config.model_copy(
        update={"factorize": config.factorize.model_copy(update={"n_components": 3})}
    )
    made = settings_of(build, other)
    assert made.factorize.n_components == config.factorize.n_components
    assert made.publish.root == other.publish.root


def test_other_lists_are_found(changed):
    config, folder = changed
    for part in sorted((folder / "cf_user_based_recommendations.parquet").glob("*.parquet")):
        table = pq.read_table(part)
        shuffled = np.random.default_rng(0).permutation(len(table))
        column = table.schema.get_field_index("article_id")
        mixed = table["article_id"].take(pa.array(shuffled))
        pq.write_table(table.set_column(column, "article_id", mixed), part)
    result = verify(config, n_users=500)
    lists = checks_of(result)["entries of lists that agree"]
    assert not result.agrees
    assert lists.found < 0.5
    assert "user" in lists.note


def test_other_values_are_found(changed):
    config, folder = changed
    values = np.load(folder / "singular_values.npy")
    values[3] *= 1.01
    np.save(folder / "singular_values.npy", values)
    values_check = checks_of(verify(config, n_users=10))["singular values"]
    assert not values_check.agrees
    assert values_check.found == pytest.approx(0.01, rel=0.01)


def test_other_factors_are_found(changed):
    config, folder = changed
    factors = np.load(folder / "item_latent_factors.npy")
    factors[:, 0] = 0
    np.save(folder / "item_latent_factors.npy", factors)
    assert not checks_of(verify(config, n_users=10))["article factors"].agrees


def test_the_command_says_so_with_its_exit_code(changed, tmp_path):
    config, folder = changed
    (tmp_path / "none.toml").touch()
    options = [
        "verify", "--output", str(config.publish.root), "--set", f"runs.path={tmp_path}/runs",
        "--config", str(tmp_path / "none.toml"), "--users", "50",
    ]  # fmt: skip
    fine = CliRunner().invoke(cli, [*options, "--json"])
    assert fine.exit_code == 0, fine.output
    assert json.loads(fine.output)["agrees"] is True
    values = np.load(folder / "singular_values.npy")
    np.save(folder / "singular_values.npy", values * 1.01)
    wrong = CliRunner().invoke(cli, options)
    assert wrong.exit_code == 20
    assert "do NOT agree" in wrong.output


def test_a_build_without_its_matrix(changed):
    config, folder = changed
    (folder / "user_item_matrix.npz").unlink()
    with pytest.raises(BuildError, match=r"no user_item_matrix\.npz"):
        verify(config)


def test_lists_of_purchases_cannot_be_verified(published):
    config, build = published
    recommend = build.manifest.settings["recommend"] | {"method": "history", "owned": "include"}
    settings = build.manifest.settings | {"recommend": recommend}
    manifest = build.manifest.model_copy(update={"settings": settings})
    with pytest.raises(ConfigError, match="purchases"):
        settings_of(type(build)(build.path, manifest), config)


def test_a_damaged_file_that_is_not_computed_again(changed):
    config, folder = changed
    table = next((folder / "cf_item_based_recommendations.parquet").glob("*.parquet"))
    table.write_bytes(table.read_bytes() + b" ")
    result = verify(config, n_users=10)
    assert not result.agrees
    assert not checks_of(result)["files with the sha256 of the manifest"].agrees


def test_equal_columns_are_no_factors(changed):
    config, folder = changed
    factors = np.load(folder / "item_latent_factors.npy")
    np.save(folder / "item_latent_factors.npy", np.repeat(factors[:, :1], factors.shape[1], axis=1))
    wrong = [check.what for check in verify(config, n_users=10).checks if not check.agrees]
    assert "article factors: largest |VᵀV - I|" in wrong


def test_settings_of_the_lists_cannot_be_given():
    found = CliRunner().invoke(cli, ["verify", "--n-components", "7"])
    assert found.exit_code == 2
