"""The tables of a shop as Markdown, and the verdict on its decision."""

from typing import Any

from quality_tables import difference_cell, table, with_interval

ABOUT = {
    "new": "New articles: what the user did not have; lists leave out what the user has",
    "all": "All articles: lists may hold what the user has",
}


def lines(document: dict[str, Any]) -> list[str]:
    """Everything that is printed about a shop."""
    shown = [f"{document['shop']}", ""]
    for window in document["windows"]:
        n_users, n_articles = window["train"]
        shown.append(
            f"- {window['role']}: {window['dates']}, fitted on {n_users:,} users × "
            f"{n_articles:,} articles before"
        )
    for kind, about in ABOUT.items():
        shown += ["", f"{about}.", *_kind_lines(document[kind])]
    return [*shown, "", *_pair_lines(document["pairs"])]


def _kind_lines(described: dict[str, Any]) -> list[str]:
    target = described["target"]
    names = list(described["rows"][0]["figures"])
    head = ["method", f"choosing {target}", *(f"report {name}" for name in names)]
    return [
        f"{described['population']['n_judged']:,} users judged in the report.",
        "",
        *table(
            [*head, f"decision − this, {target}", "s"],
            [_cells(row, row["name"] == described["decision"]) for row in described["rows"]],
        ),
        "",
        *verdict(described),
        *(f"{name} failed: {error}" for name, error in described["failed"].items()),
    ]


def _cells(row: dict[str, Any], is_decision: bool) -> list[str]:
    name = f"*{row['name']}*" if row["is_peer"] else row["name"]
    shown = [f"{row['choosing'].mean:.4f}", *(with_interval(v) for v in row["figures"].values())]
    ahead = "decision" if is_decision else difference_cell(row["decision_ahead"])
    seconds = "" if row["seconds"] is None else f"{row['seconds']:.0f}"
    return [f"**{name}**" if is_decision else name, *shown, ahead, seconds]


def verdict(described: dict[str, Any]) -> list[str]:
    """Who is ahead of the decision beyond chance in the report, or that nobody is."""
    ahead = [row["name"] for row in described["rows"] if row["decision_ahead"].high < 0]
    behind = [row["name"] for row in described["rows"] if row["decision_ahead"].low > 0]
    others = len(described["rows"]) - 1
    if ahead:
        return [f"Ahead of the decision, {described['decision']}: {', '.join(ahead)}."]
    return [
        f"Nobody is ahead of the decision, {described['decision']}, beyond the 95 % interval of "
        f"the paired difference; {len(behind)} of {others} others are behind it."
    ]


def _pair_lines(found: dict[str, Any]) -> list[str]:
    rows = []
    for name, value in found["figures"].items():
        ahead = found["ahead"].get(name)
        rows.append([name, with_interval(value), difference_cell(ahead) if ahead else ""])
    first = next(iter(found["figures"]))
    return [
        f"Partners on {found['n_baskets']:,} later baskets.",
        "",
        *table(["partners", "hit@10", f"{first} − this"], rows),
    ]
