"""The tables of docs/back-end-engineer.md are those of cfdist/schema.py."""

import re

import pyarrow as pa
import pytest
from conftest import ROOT

from cfdist import schema
from cfdist.builds.manifest import Manifest

PAGE = (ROOT / "docs" / "back-end-engineer.md").read_text(encoding="utf-8")
IDS = pa.int64()
SCHEMAS = {
    "cf_user_based_recommendations": schema.user_recommendations(IDS, IDS),
    "cf_item_based_recommendations": schema.item_recommendations(IDS),
    "users": schema.users(IDS),
    "articles": schema.articles(IDS),
    "similar_users": schema.similar_users(IDS),
    "buy_again": schema.buy_again(IDS, IDS),
}
WORDS = {schema.LABEL: "dictionary<int8, string>", pa.float32(): "float32"}


def rows_of(heading: str) -> list[list[str]]:
    """Cells of the first table below a heading."""
    section = PAGE.split(f"{heading}\n", 1)[1].split("\n#", 1)[0]
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in row] for row in rows]


@pytest.mark.parametrize("table", SCHEMAS)
def test_columns_and_types(table):
    told = [
        (name, row[1])
        for row in rows_of(f"### {table}.parquet")
        for name in re.findall(r"`(\w+)`", row[0])
    ]
    assert [name for name, _ in told] == SCHEMAS[table].names
    for (name, words), field in zip(told, SCHEMAS[table], strict=True):
        kind = WORDS.get(field.type, str(field.type))
        is_id = name.endswith("_id")
        assert words == ("int64 or string" if is_id else kind + ", may be null" * field.nullable)


def test_fields_of_the_manifest():
    told = [name for row in rows_of("## manifest.json") for name in re.findall(r"`(\w+)`", row[0])]
    assert set(told) == set(Manifest.model_fields)
