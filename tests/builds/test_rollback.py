import pytest
from build_folders import make_build, publish_by_hand

from cfdist.builds import load_build, log
from cfdist.builds import rollback as module
from cfdist.builds.named import named_build, resolve
from cfdist.builds.rollback import rollback, unpin
from cfdist.errors import BuildError, ConflictError


@pytest.fixture
def root(tmp_path):
    """Three builds, published one after the other."""
    for name in ("b1", "b2", "b3"):
        publish_by_hand(tmp_path, make_build(tmp_path, name))
    return tmp_path


def live(root):
    entry = log.live_entry(root)
    return entry.build, entry.pinned, entry.waiting


def test_back_to_the_previous_and_further_back(root):
    rollback(root)
    assert live(root) == ("b2", True, None)
    assert (root / "current").resolve().name == "b2"
    rollback(root)
    assert live(root) == ("b1", True, None)
    with pytest.raises(BuildError, match="no build that was live before"):
        rollback(root)
    assert [entry.number for entry in log.read_entries(root)] == [1, 2, 3, 4, 5]


def test_a_pinned_build_stays_live_and_the_next_one_waits(root):
    rollback(root, "b1")
    entry = publish_by_hand(root, make_build(root, "b4"))
    assert (entry.build, entry.waiting) == ("b1", "b4")
    publish_by_hand(root, make_build(root, "b5"))
    assert live(root) == ("b1", True, "b5")
    unpin(root)
    assert live(root) == ("b1", False, None)
    publish_by_hand(root, make_build(root, "b6"))
    assert live(root) == ("b6", False, None)


def test_what_waited_can_be_made_live(root):
    rollback(root, "b1")
    publish_by_hand(root, make_build(root, "b4"))
    unpin(root, "b4")
    assert live(root) == ("b4", False, None)
    assert load_build(root).id == "b4"


def test_saying_it_twice_writes_one_entry(root):
    first = rollback(root, "b2")
    assert rollback(root, "b2") == first
    unpin(root)
    assert unpin(root) == log.live_entry(root)
    assert len(log.read_entries(root)) == 5


def test_pinning_what_is_live(root):
    rollback(root, "live")
    assert live(root) == ("b3", True, None)


def test_a_missing_file_a_short_file_and_a_changed_manifest_stop_it(root):
    build = load_build(root, "b1")
    victim = build.path / build.manifest.files[0].name
    content = victim.read_bytes()
    victim.write_bytes(content[:-1])
    with pytest.raises(BuildError, match=victim.name):
        rollback(root, "b1")
    victim.unlink()
    with pytest.raises(BuildError, match=victim.name):
        rollback(root, "b1")
    victim.write_bytes(content)
    manifest = build.path / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"cpu"', '"gpu"'))
    with pytest.raises(BuildError, match="was changed"):
        rollback(root, "b1")
    assert live(root) == ("b3", False, None)


def test_a_build_that_was_never_published(root):
    make_build(root, "refused", gate={"status": "refused", "forced": False, "checks": []})
    with pytest.raises(BuildError, match="never published"):
        rollback(root, "refused")
    with pytest.raises(BuildError, match="there is no build 'x'"):
        rollback(root, "x")
    with pytest.raises(BuildError, match="3 builds start so"):
        rollback(root, "b")


def test_nothing_published_at_all(tmp_path):
    for call in (rollback, unpin):
        with pytest.raises(BuildError, match="nothing is published"):
            call(tmp_path)


def test_a_publisher_is_quicker(root, monkeypatch):
    real = module.verify

    def and_somebody_publishes(*args):
        publish_by_hand(root, make_build(root, "b4"))
        return real(*args)

    monkeypatch.setattr(module, "verify", and_somebody_publishes)
    with pytest.raises(ConflictError, match="b4"):
        rollback(root)
    assert live(root) == ("b4", False, None)


def test_names(root):
    assert resolve(root, "live") == "b3"
    assert resolve(root, "previous") == "b2"
    assert named_build(root, "b1").id == "b1"
    make_build(root, "b10")
    assert resolve(root, "b1") == "b1"  # a whole id, although another starts so
