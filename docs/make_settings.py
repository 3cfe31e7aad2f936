"""Write docs/settings.md from the settings in the code: ``python docs/make_settings.py``."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from cfdist.cli.options import SETTINGS
from cfdist.config import OLD_NAMES, Config

PAGE = Path(__file__).with_name("settings.md")
SIGNS = {"gt": ">", "ge": "≥", "lt": "<", "le": "≤"}
OPTIONS = {key: f"`{option}`" for option, (key, _, _) in SETTINGS.items()} | {
    "ingest.input": "first argument",
    "ingest.sample_percent": "`train --sample-percent`",
    "experiment.sample_percent": "`experiment --sample-percent`",
    "experiment.sample_by": "`experiment --sample-by`",
    "experiment.publish": "`experiment --publish`",
    "cluster.dashboard": "`experiment --dashboard`",
    "evaluation.split": "`evaluate --split`, `sweep --split`",
    "evaluation.metric": "`evaluate --metric`, `sweep --metric`",
}
NOTES = {
    "ingest.columns": "Columns that are called `basket_id`, `quantity` and `timestamp` are found "
    'by themselves. `basket_id = ""` says that there is none.',
}
"""What a section needs besides its own first line."""

HEAD = """\
# Settings

Every setting of `cfdist.toml`, written from the code by `python docs/make_settings.py`.

```toml
[factorize]
n_components = 75

[ingest.columns]
user_id = "CustomerID"
```

The command line wins over the environment, which wins over the file. The three say the same:

| where | example |
|---|---|
| command line | `--n-components 75`, or `--set factorize.n_components=75` for any setting |
| environment | `CFDIST_FACTORIZE__N_COMPONENTS=75` |
| file | `n_components = 75` below `[factorize]` in `cfdist.toml` of the working folder |

`--set` works in `train`, `experiment`, `evaluate`, `sweep`, `demo` and `config show`.
`cfdist config show --origin` prints every value and where it comes from.
`cfdist init TABLE` looks at a table and writes a file to start from.
A key that does not exist is an error, with the nearest one that does.
"""
OLD_HEAD = """
## Old names

At the top of the file, above the first `[section]`, the constants of the old scripts work too.
See [coming from the old scripts](coming-from-the-old-scripts.md).

| constant | setting |
|---|---|
"""


def page() -> str:
    """The whole page."""
    old = [f"| `{name}` | `{section}.{key}` |" for name, (section, key) in OLD_NAMES.items()]
    return HEAD + "".join(_sections(Config, "")) + OLD_HEAD + "\n".join(old) + "\n"


def _sections(model: type[BaseModel], prefix: str) -> Iterator[str]:
    """A heading and a table per section, sub-sections after their parent."""
    for name, field in model.model_fields.items():
        section = field.annotation
        if not (isinstance(section, type) and issubclass(section, BaseModel)):
            continue
        words = " ".join((section.__doc__ or "").split())
        words = f"{words} {NOTES.get(prefix + name, '')}".strip()
        rows = [
            _row(f"{prefix}{name}.{key}", key, setting)
            for key, setting in section.model_fields.items()
            if not hasattr(setting.annotation, "model_fields")
        ]
        yield f"\n## [{prefix}{name}]\n\n{words}\n\n"
        yield "| setting | default | allowed | meaning | option |\n|---|---|---|---|---|\n"
        yield "\n".join(rows) + "\n"
        yield from _sections(section, f"{prefix}{name}.")


def _row(full: str, key: str, field: FieldInfo) -> str:
    meaning = field.description or ""
    option = OPTIONS.get(full, "")
    cells = (f"`{key}`", _default(field), _allowed(field), meaning.replace("|", "\\|"), option)
    return "| " + " | ".join(cells) + " |"


def _default(field: FieldInfo) -> str:
    value: Any = field.get_default(call_default_factory=True)
    return "none" if value is None else f"`{json.dumps(value)}`"


def _allowed(field: FieldInfo) -> str:
    """The words of a choice, or the type and its bounds."""
    words = [word for kind in _kinds(field.annotation) for word in get_args(kind)]
    if words and get_origin(_kinds(field.annotation)[0]) is Literal:
        return ", ".join(f"`{word}`" for word in words)
    bounds = [
        f"{sign} {getattr(bound, name):g}" if getattr(bound, name) < 2**53 else f"{sign} 2⁶³"
        for bound in field.metadata
        for name, sign in SIGNS.items()
        if getattr(bound, name, None) is not None
    ]
    names = {int: "whole number", float: "number", str: "text", bool: "`true`, `false`"}
    return " ".join([names.get(_kinds(field.annotation)[0], "table"), ", ".join(bounds)]).strip()


def _kinds(annotation: Any) -> list[Any]:
    """The types of a setting that may also be none."""
    if get_origin(annotation) in (Literal, dict):
        return [annotation]
    return [kind for kind in get_args(annotation) if kind is not type(None)] or [annotation]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
