import json
import shutil

import pandas as pd
import pyarrow as pa
import pytest

from cfdist.builds import load_build
from cfdist.builds.build import USER_TABLE
from cfdist.builds.manifest import Manifest, parse_manifest
from cfdist.errors import BuildError, DataError


@pytest.fixture
def copy(trained, tmp_path):
    """A root of its own, to damage."""
    root = tmp_path / "root"
    shutil.copytree(trained.path.parent.parent, root, symlinks=True)
    return root


def test_load_by_root_by_name_and_by_folder(trained):
    root = trained.path.parent.parent
    assert load_build(root).id == trained.id
    assert load_build(root, trained.id).id == trained.id
    assert load_build(trained.path).id == trained.id


def test_nothing_published(tmp_path):
    with pytest.raises(BuildError, match="nothing is published"):
        load_build(tmp_path)


def test_frames_of_all_three_kinds_agree(trained):
    arrow = trained.arrow(USER_TABLE)
    frame = trained.pandas(USER_TABLE)
    lazy = trained.dask(USER_TABLE)
    assert isinstance(arrow, pa.Table)
    assert isinstance(frame, pd.DataFrame)
    assert len(arrow) == len(frame) == len(lazy)
    assert lazy.npartitions == len(trained.files_of(USER_TABLE))


def test_unknown_table(trained):
    with pytest.raises(BuildError, match="users"):
        trained.arrow("nothing")


def test_look_ups(trained):
    user = trained.arrow("users")["user_id"][5].as_py()
    rows = trained.recommendations([user, "999999999999"]).to_pandas()
    assert rows["user_id"].unique().tolist() == [user]
    assert rows["rank"].tolist() == list(range(1, 11))
    article = trained.arrow("articles")["article_id"][5].as_py()
    partners = trained.partners([article], "similar").to_pandas()
    assert set(partners["relation"]) == {"similar"}


def test_text_where_ids_are_numbers(trained):
    with pytest.raises(DataError, match="whole numbers"):
        trained.recommendations(["abc"])


def test_a_changed_byte_is_found(copy):
    build = load_build(copy)
    build.check()
    victim = build.path / build.manifest.files[0].name
    content = bytearray(victim.read_bytes())
    content[len(content) // 2] ^= 1
    victim.unlink()
    victim.write_bytes(content)
    with pytest.raises(BuildError, match=victim.name):
        build.check()


def test_a_changed_manifest_is_refused(copy):
    file = load_build(copy).path / "manifest.json"
    file.write_text(file.read_text().replace('"cpu"', '"gpu"'))
    with pytest.raises(BuildError, match="was changed"):
        load_build(copy)


def test_a_missing_manifest_is_named(copy):
    (load_build(copy).path / "manifest.json").unlink()
    with pytest.raises(BuildError, match=r"manifest\.json is missing"):
        load_build(copy)


def test_newer_minor_format_is_read_and_newer_major_refused(trained):
    raw = json.loads((trained.path / "manifest.json").read_text())
    newer = raw | {"format": "1.7", "something_new": {"a": 1}}
    assert parse_manifest(json.dumps(newer).encode(), "here").build == trained.id
    with pytest.raises(BuildError, match=r"format 2.0"):
        parse_manifest(json.dumps(raw | {"format": "2.0"}).encode(), "here")


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"format": "1.0"}', b"\xff"])
def test_what_is_no_manifest(content):
    with pytest.raises(BuildError, match="here"):
        parse_manifest(content, "here")


def test_schema_in_the_package_is_current():
    from importlib.resources import files

    stored = json.loads(files("cfdist.builds").joinpath("manifest.schema.json").read_text())
    assert stored == Manifest.model_json_schema()


def test_secrets_stay_out_of_manifest_and_record(tmp_path):
    from conftest import SAMPLE, quick_config

    from cfdist.pipeline import train

    secret = "hunter2hunter2"
    given = {"ingest": {"input": f"file://{SAMPLE}", "storage_options": {"password": secret}}}
    build = train(quick_config(tmp_path, given))
    written = [*tmp_path.rglob("*.json"), *tmp_path.rglob("*.html")]
    assert build.path / "manifest.json" in written
    assert secret not in "".join(path.read_text() for path in written if path.is_file())
