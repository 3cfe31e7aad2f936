"""The files of the made-up shop: the same bytes for the same seed, whole or not at all."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from cfdist.datasets.layout import ARTICLES, INTERACTIONS
from cfdist.datasets.shop import Shop, plan_shop
from cfdist.datasets.synthesize import _rechunk, synthesize
from cfdist.errors import ConfigError

SMALL = {"n_users": 900, "n_articles": 130, "n_interactions": 4_000}
SAMPLE = Path(__file__).parents[2] / "data" / "sample"


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    first = synthesize(tmp_path / "a" / "x.parquet", seed=5, **SMALL)
    second = synthesize(tmp_path / "b" / "x.parquet", seed=5, **SMALL)
    other = synthesize(tmp_path / "c" / "x.parquet", seed=6, **SMALL)
    assert first.path.read_bytes() == second.path.read_bytes()
    assert first.articles.read_bytes() == second.articles.read_bytes()
    assert first.path.read_bytes() != other.path.read_bytes()


def test_chunks_and_folders_do_not_change_the_rows(tmp_path: Path) -> None:
    file = synthesize(tmp_path / "x.parquet", **SMALL)
    folder = synthesize(tmp_path / "parts", rows_per_chunk=999, **SMALL)
    assert [path.name for path in folder.files] == [f"part-{i:05d}.parquet" for i in range(5)]
    assert pq.read_table(folder.path).equals(pq.read_table(file.path))
    assert [pq.read_metadata(path).num_rows for path in folder.files] == [999] * 4 + [4]
    assert folder.articles == file.articles == tmp_path / "articles.parquet"


def test_tables_have_the_schema_of_a_data_set(tmp_path: Path) -> None:
    written = synthesize(tmp_path / "x.parquet", **SMALL)
    assert pq.read_schema(written.path).equals(INTERACTIONS)
    assert pq.read_schema(written.articles).equals(ARTICLES)
    assert (written.rows, written.files) == (4_000, (written.path,))


def test_the_articles_listed_are_those_sold(tmp_path: Path) -> None:
    for n_articles in (130, 5_000):
        sizes = SMALL | {"n_articles": n_articles}
        written = synthesize(tmp_path / "x.parquet", **sizes)
        listed = pq.read_table(written.articles)["article_id"]
        sold = pc.unique(pq.read_table(written.path)["article_id"])
        assert set(listed.to_pylist()) == set(sold.to_pylist())


def test_chunks_are_passed_on_as_soon_as_they_are_full() -> None:
    drawn = []

    def blocks() -> Iterator[pa.Table]:
        for block in plan_shop(900, 130, 4_000, 40, 0).blocks():
            for start in range(0, 4_000, 400):
                drawn.append(start)
                yield block.slice(start, 400)

    chunks = _rechunk(blocks(), 1_000)
    assert len(next(chunks)) == 1_000
    assert drawn == [0, 400, 800]


def test_users_of_a_group_buy_alike(tmp_path: Path) -> None:
    """Two draws from one history share a category far more often than two from any."""
    written = synthesize(tmp_path / "x.parquet", n_users=900, n_articles=400, n_interactions=9_000)
    articles = pq.read_table(written.articles).to_pandas().set_index("article_id")["category"]
    rows = pq.read_table(written.path).to_pandas()
    category = rows["article_id"].map(articles)
    common = category.groupby(rows["user_id"]).agg(lambda own: own.value_counts().iloc[0])
    assert common.sum() / len(rows) > 0.4 > 3 * category.value_counts(normalize=True).iloc[0]


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"n_users": 0}, "n_users is 0"),
        ({"n_articles": -1}, "n_articles is -1"),
        ({"n_interactions": 0}, "n_interactions is 0"),
        ({"n_taste_groups": 0}, "n_taste_groups is 0"),
        ({"seed": -1}, "seed"),
        ({"rows_per_chunk": 0}, "rows_per_chunk is 0"),
        ({"n_users": 1, "n_interactions": 10_001}, "10,001 interactions are more than 10,000"),
    ],
)
def test_sizes_out_of_range_are_refused(
    tmp_path: Path, sizes: dict[str, int], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        synthesize(tmp_path / "x.parquet", **{**SMALL, **sizes})
    assert not list(tmp_path.iterdir())


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "mine.txt").write_text("mine")
    with pytest.raises(ConfigError, match="not empty"):
        synthesize(tmp_path / "parts", **SMALL)
    assert [path.name for path in tmp_path.rglob("*")] == ["parts", "mine.txt"]


def test_interactions_cannot_take_the_name_of_the_articles(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="name of the file with the articles"):
        synthesize(tmp_path / "articles.parquet", **SMALL)


def test_a_failure_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = synthesize(tmp_path / "x.parquet", **SMALL)
    before = written.path.read_bytes()

    def fail(_: Shop) -> Iterator[pa.Table]:
        yield INTERACTIONS.empty_table()
        raise OSError("disk full")

    monkeypatch.setattr(Shop, "blocks", fail)
    with pytest.raises(OSError, match="disk full"):
        synthesize(tmp_path / "x.parquet", seed=1, **SMALL)
    assert written.path.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["articles.parquet", "x.parquet"]


def test_the_committed_sample_is_what_its_command_makes(tmp_path: Path) -> None:
    """Compares rows, not bytes: another release of Arrow writes its own name into the file."""
    written = synthesize(
        tmp_path / "x.parquet", n_users=3_000, n_articles=400, n_interactions=20_000, seed=7
    )
    committed = SAMPLE / "user_item_interactions.parquet", SAMPLE / "articles.parquet"
    assert pq.read_table(written.path).equals(pq.read_table(committed[0]))
    assert pq.read_table(written.articles).equals(pq.read_table(committed[1]))
    assert sum(path.stat().st_size for path in committed) < 1_000_000
