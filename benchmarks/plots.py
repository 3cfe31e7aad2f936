"""Figures of the kept documents as SVG that is the same for the same figures."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("svg")
import matplotlib.pyplot as plt

STYLE = {
    "svg.hashsalt": "cfdist", "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 9,
    "axes.spines.top": False, "axes.spines.right": False, "legend.frameon": False,
    "figure.facecolor": "white",
}  # fmt: skip
COLOURS = plt.get_cmap("tab10").colors
OURS, THEIRS = COLOURS[0], "0.7"
MILLION = 1e6


@contextmanager
def figure(path: Path, width: float, height: float, columns: int = 1) -> Iterator[Any]:
    """Axes to draw on; written at the end, without a date."""
    with mpl.rc_context(STYLE):
        drawn, axes = plt.subplots(1, columns, figsize=(width, height), layout="constrained")
        yield axes
        path.parent.mkdir(parents=True, exist_ok=True)
        drawn.savefig(path, metadata={"Date": None, "Creator": None})
        plt.close(drawn)


def growth(document: Mapping[str, Any], path: Path) -> None:
    """Microseconds per interaction by stage, and seconds by size."""
    rows = [row for row in document["rows"] if "error" not in row]
    with figure(path, 8.5, 3.2, columns=2) as (left, right):
        _costs(left, [row for row in rows if not row["user_search"]])
        for with_search, colour in ((True, COLOURS[3]), (False, OURS)):
            alike = [row for row in rows if row["user_search"] == with_search]
            if not alike:
                continue
            sizes = [row["n_interactions"] / MILLION for row in alike]
            name = "with similar users" if with_search else "without similar users"
            right.plot(sizes, [row["wall_s"] for row in alike], "o-", color=colour, label=name)
        right.set(xscale="log", yscale="log", xlabel="million interactions", ylabel="seconds")
        sizes = sorted({row["n_interactions"] / MILLION for row in rows})
        _plain_ticks(right.xaxis, sizes)
        totals = [row["wall_s"] for row in rows]
        places = [first * 10.0**power for power in range(5) for first in (1, 3)]
        within = [s for s in places if min(totals) / 2 < s < 2 * max(totals)]
        _plain_ticks(right.yaxis, within)
        right.legend()


def _plain_ticks(axis: Any, places: list[float]) -> None:
    """Numbers as one writes them, at these places of a logarithmic axis."""
    axis.set_ticks(places, [f"{place:g}" for place in places])
    axis.set_ticks([], minor=True)


def _costs(axes: Any, rows: list[Mapping[str, Any]]) -> None:
    """Stacked bars: a bar per size, a colour per stage; the search is left out."""
    names = [f"{row['n_interactions'] / MILLION:g} M" for row in rows]
    stages = [name for row in rows[:1] for name in row["microseconds_each"] if name != "neighbors"]
    below = [0.0] * len(rows)
    for stage, colour in zip(stages, COLOURS, strict=False):
        heights = [row["microseconds_each"].get(stage, 0.0) for row in rows]
        axes.bar(names, heights, bottom=below, color=colour, label=stage, width=0.6)
        below = [a + b for a, b in zip(below, heights, strict=True)]
    axes.set(ylabel="µs per interaction, without the search", xlabel="interactions")
    handles, names = axes.get_legend_handles_labels()
    axes.legend(handles[::-1], names[::-1], fontsize=7, loc="upper left", bbox_to_anchor=(1, 1))


def neighbors(document: Mapping[str, Any], path: Path) -> None:
    """Ratio of every peer to cfdist, a group per comparison, on a logarithmic axis."""
    rows = [row for row in document["rows"] if "error" not in row and row["peer"] != "cfdist"]
    groups = list(dict.fromkeys((row["title"], row["searched"]) for row in rows))
    peers = list(dict.fromkeys(row["peer"] for row in rows))
    with figure(path, 8.5, 0.9 + 0.16 * len(rows) + 0.2 * len(groups)) as axes:
        place, ticks = 0.0, []
        for group in groups:
            of_one = [row for row in rows if (row["title"], row["searched"]) == group]
            ticks.append(place + (len(of_one) - 1) / 2)
            for row in of_one:
                colour = COLOURS[peers.index(row["peer"])]
                axes.barh(place, row["ratio_to_cfdist"], color=colour, height=0.9)
                axes.text(row["ratio_to_cfdist"], place, f" {row['ratio_to_cfdist']:.3g}",
                          va="center", fontsize=7)  # fmt: skip
                place += 1
            place += 1
        axes.set_yticks(ticks, [f"{title},\n{what}" for title, what in groups])
        axes.axvline(1, color="0.3", linewidth=0.8)
        axes.set(xscale="log", xlabel="seconds of the peer / seconds of cfdist")
        axes.invert_yaxis()
        shown = [plt.Rectangle((0, 0), 1, 1, color=COLOURS[i]) for i in range(len(peers))]
        axes.legend(shown, peers, fontsize=7, loc="upper left", bbox_to_anchor=(1, 1))
        _plain_ticks(axes.xaxis, [0.1, 0.3, 1, 3, 10, 30, 100])


def reference_job(document: Mapping[str, Any], path: Path) -> None:
    """Seconds per stage of cfdist and of the peer, one bar each."""
    runs = {"cfdist": document["train"], "peer": document.get("peer")}
    runs = {name: run for name, run in runs.items() if run}
    stages = list(document["train"]["seconds"])
    with figure(path, 8, 2.2, columns=len(runs)) as found:
        for axes, (name, run) in zip(
            found if len(runs) > 1 else [found], runs.items(), strict=True
        ):
            shown = [stage for stage in stages if stage in run["seconds"]]
            seconds = [run["seconds"][stage] for stage in shown]
            bars = axes.barh(shown, seconds, color=OURS if name == "cfdist" else THEIRS)
            axes.bar_label(bars, fmt=" %.1f", fontsize=7)
            axes.invert_yaxis()
            axes.set(title=f"{name}, {run['wall_s']:.0f} s", xlabel="seconds")
            axes.margins(x=0.15)
