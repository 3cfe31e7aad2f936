import io

import pytest
from rich.console import Console

from cfdist.cli.tables import facts, table_of


def shown(table) -> str:
    screen = io.StringIO()
    Console(file=screen, width=100).print(table)
    return screen.getvalue()


def test_names_are_text_and_not_markup():
    table = table_of("Milk [bold]", ("rank", "name"), [(1, "Milk [organic]"), (2, "[/x]")])
    assert "Milk [organic]" in shown(table)
    assert "[/x]" in shown(table)
    assert "Milk [bold]" in shown(table)
    assert "[red]" in shown(facts("", {"note": "[red]"}))


@pytest.mark.parametrize(
    ("value", "text"),
    [(1234567, "1,234,567"), (0.5, "0.5"), (True, "yes"), (None, ""), (12345.678, "12,346")],
)
def test_numbers(value, text):
    assert text in shown(table_of("", ("a",), [(value,)]))


def test_control_characters_do_not_reach_the_terminal():
    assert "\x1b" not in shown(table_of("", ("name",), [("red \x1b[31mX",)]))
