"""The 20 most similar rows: cfdist against faiss, scikit-learn, implicit and sparse_dot_topn.

    python benchmarks/neighbors.py --data FOLDER

All search the same unit rows in one run, on all cores, after a first search that is not counted.
Peers that take long are timed on a sample of queries, and their seconds scaled: the cost of a
query does not depend on the others. Recall is checked against brute force in float64. Ratios are
results, seconds are hints.
"""

import argparse
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import neighbor_data
import numpy as np
from kept import RESULTS, document, tell, write
from machine import describe_machine, machine_lines
from neighbor_data import DataSet, Rows, Searched
from neighbor_peers import PEERS, Peer, others
from neighbor_truth import Truth, brute_force, largest_error, recall
from quality_tables import table
from report import MAX_OTHERS_SHARE
from synthetic import QUICK, REFERENCE, make_data
from timing import repeated, told

N_JUDGED = 512
SEED = 0


def main() -> None:
    """Measure and print."""
    given = parse_arguments()
    machine = describe_machine()
    rows: list[dict[str, Any]] = []
    for found in measure(given):
        rows += found
        if given.json:  # after each data set: what is measured stays
            sizes = QUICK if given.quick else REFERENCE
            data = {"sizes": sizes, "sets": list_data(rows)}
            write(given.json, document("neighbors", rows, machine, data=data))
    print("\n".join([*machine_lines(machine), "", *lines(rows)]))


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Exact neighbours, and searches of others.")
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="see docs/quality.md")
    parser.add_argument(
        "--sets", nargs="+", metavar="NAME",
        help="these alone: reference gowalla online-retail-users online-retail-articles",
    )  # fmt: skip
    parser.add_argument("--quick", action="store_true", help="a tenth of the reference users alone")
    parser.add_argument("--repeat", type=int, default=3, help="timed searches, the median counts")
    parser.add_argument("--peers", nargs="+", metavar="NAME", help="these alone, by their names")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure there, too")
    return parser.parse_args()


def measure(given: argparse.Namespace) -> Iterator[list[dict[str, Any]]]:
    """Rows of one comparison after the other."""
    peers = [peer for peer in PEERS if given.peers is None or peer.name in given.peers]
    sizes = QUICK if given.quick else REFERENCE
    path = make_data(sizes, SEED)
    with tempfile.TemporaryDirectory(dir=RESULTS, prefix="neighbors-") as folder:
        for data in data_sets(path, sizes, given, Path(folder)):
            if given.sets and data.name not in given.sets:
                continue
            with told(f"{data.title}: all"):
                yield from compare(data, peers, given.repeat)


def data_sets(
    path: Path, sizes: dict[str, int], given: argparse.Namespace, folder: Path
) -> Iterator[DataSet]:
    """The synthetic shop, and the real data that were handed over."""
    users, articles = sizes["n_users"], sizes["n_articles"]
    yield neighbor_data.reference(path, f"synthetic shop, {users:,} users × {articles:,} articles")
    if given.quick:
        return
    if given.data is None:
        tell("Gowalla and Online Retail are left out: --data names no folder")
        return
    yield neighbor_data.gowalla(given.data, folder)
    for side in ("users", "articles"):
        yield neighbor_data.online_retail(given.data, side)


def compare(data: DataSet, peers: list[Peer], repeat: int) -> Iterator[list[dict[str, Any]]]:
    """One comparison over distinct rows, and one where peers search every user."""
    with told(f"{data.title}: cfdist"):
        searched = neighbor_data.search(data, repeat)
        ours = _our_row(data, searched)
    for rows, what in ((searched.every, "all users"), (searched.distinct, "distinct rows")):
        if rows is None:
            continue
        about = {"data_set": data.name, "title": data.title, "searched": what, "n_rows": len(rows)}
        alone = replace(rows, family=np.arange(len(rows)))  # peers know no families
        truth = brute_force(alone, sample(len(rows), N_JUDGED))
        found = [ours | about | {"n_rows": len(searched.distinct)}]
        found += [about | _peer_row(peer, alone, truth, ours, repeat) for peer in peers]
        yield found


def sample(n_rows: int, n: int) -> neighbor_data.Ints:
    """At most n rows, drawn without order and the same each time."""
    return np.random.default_rng(SEED).permutation(n_rows)[:n]


def _our_row(data: DataSet, searched: Searched) -> dict[str, Any]:
    """Seconds of cfdist, and whether it is right."""
    rows = searched.distinct
    truth = brute_force(rows, sample(len(rows), N_JUDGED))
    ids, scores = searched.ids[truth.queries], searched.scores[truth.queries]
    found = {"recall": recall(rows, truth, ids)}
    found["largest_error"] = largest_error(rows, truth, ids, scores)
    if found["recall"] < 1:
        tell(f"{data.title}: WRONG, cfdist lacks neighbours: recall {found['recall']:.5f}")
    seconds = searched.ours
    return found | {
        "peer": "cfdist", "seconds": seconds.seconds, "seconds_median": seconds.median,
        "others_share": seconds.others_share, "ratio_to_cfdist": 1.0,
        "n_components": rows.units.shape[1],
    }  # fmt: skip


def _peer_row(
    peer: Peer, rows: Rows, truth: Truth, ours: dict[str, Any], repeat: int
) -> dict[str, Any]:
    """Seconds of a peer, or why there are none."""
    if not find_spec(peer.module):
        tell(f"{peer.name}: left out, {peer.module} is not installed")
        return {"peer": peer.name, "error": f"{peer.module} is not installed"}
    try:
        with told(f"{peer.name}, {len(rows):,} rows"):
            found = _timed(peer, rows, truth, repeat)
    except Exception as error:  # the others' figures count all the same
        tell(f"{peer.name} failed: {error!r}")
        return {"peer": peer.name, "error": repr(error)}
    return found | {"ratio_to_cfdist": found["seconds_median"] / ours["seconds_median"]}


def _timed(peer: Peer, rows: Rows, truth: Truth, repeat: int) -> dict[str, Any]:
    """Build once; then chosen queries several times, scaled to all rows."""
    built = repeated(lambda: peer.build(rows), 1)
    search = built.result
    words = peer.tune(search, rows, truth) if peer.tune else peer.note
    judged = recall(rows, truth, others(search(truth.queries), truth.queries))  # warms up, too
    queries = sample(len(rows), peer.n_queries)
    timed = repeated(lambda: search(queries), repeat)
    share = len(rows) / len(queries)
    seconds = [built.median + share * seconds for seconds in timed.seconds]
    return {
        "peer": peer.name, "note": words, "n_queries": len(queries), "build_s": built.median,
        "seconds": seconds, "seconds_median": built.median + share * timed.median,
        "others_share": timed.others_share, "recall": judged, "is_exact": peer.is_exact,
    }  # fmt: skip


def list_data(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each data set once: name, title, rows searched by cfdist, components."""
    keys = ("data_set", "title", "n_rows", "n_components")
    ours = [row for row in rows if row["peer"] == "cfdist"]
    return [{key: row[key] for key in keys} for row in {r["data_set"]: r for r in ours}.values()]


def lines(rows: list[dict[str, Any]]) -> list[str]:
    """One table per comparison."""
    shown: list[str] = []
    for name, searched in dict.fromkeys((row["data_set"], row["searched"]) for row in rows):
        of_one = [r for r in rows if (r["data_set"], r["searched"]) == (name, searched)]
        ours = of_one[0]
        head = f"{ours['title']}; {ours['n_components']} components; peers search {searched}"
        columns = ["", "rows", "queries timed", "seconds", "ratio to cfdist", "recall"]
        shown += [head, "", *table(columns, [_cells(row) for row in of_one]), ""]
    return shown


def _cells(row: dict[str, Any]) -> list[str]:
    disturbed = row.get("others_share", 0.0)
    words = [row["peer"], f"({row['note']})" if row.get("note") else ""]
    words += [f"DISTURBED: {disturbed:.0%} to others"] if disturbed > MAX_OTHERS_SHARE else []
    name = " ".join(filter(None, words))
    if "error" in row:
        return [name, f"{row['n_rows']:,}", "", row["error"], "", ""]
    n_queries = row.get("n_queries", row["n_rows"])
    timed = "all" if n_queries == row["n_rows"] else f"{n_queries:,}, scaled"
    own = "its own" if row.get("note", "").endswith("another similarity") else ""
    return [
        name, f"{row['n_rows']:,}", timed, f"{row['seconds_median']:.3g}",
        f"{row['ratio_to_cfdist']:.3g}", own or f"{row['recall']:.4f}",
    ]  # fmt: skip


if __name__ == "__main__":
    main()
