"""The report of a GPU as a page."""

from collections.abc import Callable, Mapping
from typing import Any

GIB = 2**30
COLUMNS: Mapping[str, tuple[str, Callable[[Any], str]]] = {
    "what": ("", str),
    "cpu_s": ("CPU, s", "{:.4g}".format),
    "gpu_s": ("GPU, s", "{:.4g}".format),
    "off": ("off by", "{:.1e}".format),
    "limit": ("limit", "{:.0e}".format),
    "planned_bytes": ("planned, GiB", lambda n: f"{n / GIB:.3f}"),
    "peak_bytes": ("in use at most, GiB", lambda n: f"{n / GIB:.3f}"),
    "to_device_bytes": ("to the GPU, GiB", lambda n: f"{n / GIB:.3f}"),
    "to_host_bytes": ("to the host, GiB", lambda n: f"{n / GIB:.3f}"),
    "found": ("found", str),
    "agrees": ("", lambda agrees: "agrees" if agrees else "**differs**"),
}


def page(found: Mapping[str, Any]) -> str:
    """Markdown of a report."""
    machine = found["machine"]
    gpus = ", ".join(machine["gpus"]) or "no GPU"
    lines = [f"# {gpus}, {found['measured_on']}", ""]
    lines += [f"Driver {machine['driver'] or 'none'}. Sizes: {_sizes(found['sizes'])}.", ""]
    for part in found["parts"].values():
        lines += [f"## {part['title']}", "", *_body(part), ""]
    lines += ["## Machine", "", "| | |", "|---|---|"]
    lines += [f"| {name} | {_plain(value)} |" for name, value in machine.items()]
    return "\n".join(lines) + "\n"


def _body(part: Mapping[str, Any]) -> list[str]:
    if part["status"] == "missing":
        return [f"Not run: {', '.join(part['missing'])} not installed."]
    if part["status"] == "failed":
        return ["**Failed:**", "", "```", part["error"].strip(), "```"]
    keys = [key for key in COLUMNS if any(row.get(key) is not None for row in part["rows"])]
    head = [COLUMNS[key][0] for key in keys]
    rows = [[_cell(key, row.get(key)) for key in keys] for row in part["rows"]]
    return [_line(head), _line(["---"] * len(keys)), *map(_line, rows)]


def _cell(key: str, value: Any) -> str:
    return "" if value is None else COLUMNS[key][1](value)


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _sizes(sizes: Mapping[str, int]) -> str:
    return ", ".join(f"{number:,} {name.removeprefix('n_')}" for name, number in sizes.items())


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {text}" for name, text in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
