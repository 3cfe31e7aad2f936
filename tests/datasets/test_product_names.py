"""Product names: readable words from shouted abbreviations, sizes from codes."""

import pytest

from cfdist.datasets.product_names import product_name, readable, readable_size


@pytest.mark.parametrize(
    ("kind", "category", "size", "name"),
    [
        ("KIDS CEREAL", "COLD CEREAL", "14.5 OZ", "Kids Cereal, 14.5 oz"),
        ("HAM", "LUNCHMEAT", None, "Ham Lunchmeat"),  # one word needs its category
        ("SOUPS", "SOUP", None, "Soups"),  # which here says nothing new
        ("LOIN", "PORK", "5056021 CT", "Loin Pork"),  # a code is no size
        (None, "FRZN ICE", "22 LB", "Frozen Ice, 22 lb"),
        (None, None, "22 LB", ""),  # a size alone names nothing
    ],
)
def test_product_name(kind: str | None, category: str | None, size: str | None, name: str) -> None:
    assert product_name(kind, category, size) == name


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("BREAD:ITALIAN/FRENCH", "Bread: Italian/French"),
        ("DAIRY CASE 100% PURE JUICE - O", "Dairy Case 100% Pure Juice"),  # cut off at 30
        ("CANDY BARS (SINGLES)(INCLUDING", "Candy Bars (Singles)"),
        ("CHRISTMAS  SEASONAL", "Christmas Seasonal"),
        ("CHIPS&SNACKS", "Chips & Snacks"),
        ("TV/MOVIE-MAGAZINE", "TV/Movie-Magazine"),
        ("TOMATO JUICE (OVER 50% JUICE)", "Tomato Juice (Over 50%)"),
        (None, ""),
    ],
)
def test_readable(text: str | None, expected: str) -> None:
    assert readable(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1/2 GAL", "1/2 gal"),
        ("1 1/4 OZ", "1 1/4 oz"),
        ("AB    8 OZ", "8 oz"),
        ("2 L*", "2 l"),
        ("12 OZ/12 PK", "12 oz/12 pk"),
        (".7 OZ", "0.7 oz"),
        ("118604 8 OZ", ""),
        ("P", ""),
        (None, ""),
    ],
)
def test_readable_size(text: str | None, expected: str) -> None:
    assert readable_size(text) == expected
