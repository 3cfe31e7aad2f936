"""What a sweep varies: a TOML file of ranges and choices, checked by the settings' own rules."""

import difflib
import math
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import Any, get_args

from pydantic import BaseModel

from cfdist.config import Config, flatten, nested
from cfdist.errors import ConfigError
from cfdist.evaluation.candidates import FITTED_SECTIONS, SIMPLEST_FIRST
from cfdist.runs.effects import METHOD, can_have_effect, has_effect, in_order
from cfdist.runs.setting import Setting, read_setting

UNMEASURED = ("recommend.n_recommendations", "recommend.n_buy_again", "recommend.min_pair_count")
"""They change other tables than the lists that are measured, or the length that is."""


@dataclass(frozen=True)
class Space:
    """What trials differ in, and what they share.

    Attributes
    ----------
    varied : dict of Setting
        By key; each after those that decide whether it has an effect.
    shared : dict
        ``"section.key"`` → value that all trials have.
    text : str
        The file as it was read.
    """

    varied: Mapping[str, Setting]
    shared: Mapping[str, Any]
    text: str = ""

    def settings(self, base: Mapping[str, Any], pick: Callable[[Setting], Any]) -> dict[str, Any]:
        """Settings of a trial: the method, what is shared, and what has an effect as picked.

        Parameters
        ----------
        base : mapping of str
            ``"section.key"`` → value of every setting, for what the space does not name.
        """
        known = {**base, **self.shared}
        chosen = {METHOD: known[METHOD], **self.shared}
        for key, setting in self.varied.items():
            if has_effect(key, known):
                known[key] = chosen[key] = pick(setting)
        return chosen

    def require_effects(self, base: Mapping[str, Any]) -> None:
        """Refuse a setting that no trial would read.

        Raises
        ------
        ConfigError
        """
        known, tried = {**base, **self.shared}, {k: s.examples for k, s in self.varied.items()}
        for key in self.varied:
            if not can_have_effect(key, known, tried):
                raise ConfigError(
                    f"{key} has no effect: no trial has a method that reads it, and "
                    f"recommend.method = {known[METHOD]!r}",
                    remedy="leave it out, or add the method, such as\n"
                    '    [recommend]\n    method = {choices = ["latent", "user_neighbors"]}',
                )

    def described(self) -> dict[str, Any]:
        """JSON values that are equal where two spaces are."""
        return {key: setting.described() for key, setting in self.varied.items()} | {
            key: {"value": value} for key, value in self.shared.items()
        }


def read_space(file: Path) -> Space:
    """The space of a TOML file.

    Raises
    ------
    ConfigError
        The file cannot be read, or :func:`parse_space` refuses it; the message names the file.
    """
    try:
        text = file.read_text("utf-8")
        table = tomllib.loads(text)
    except OSError as error:
        raise ConfigError(
            f"{file}: cannot be read: {error.strerror}",
            remedy="name a TOML file of settings to vary, such as docs/sweep-space.toml",
        ) from None
    except ValueError as error:
        raise ConfigError(f"{file}: {error}", remedy="mend the TOML syntax") from None
    try:
        return parse_space(table, text)
    except ConfigError as error:
        raise ConfigError(f"{file}: {error.message}", remedy=error.remedy) from None


def parse_space(table: Mapping[str, Any], text: str = "") -> Space:
    """The space of nested tables: sections of settings, each a range, choices or a plain value.

    Raises
    ------
    ConfigError
        A setting that does not exist, or is the same for all candidates; a bound or choice that
        the setting does not allow; nothing to vary.

    Examples
    --------
    >>> space = parse_space({"factorize": {"n_components": {"low": 10, "high": 200}}})
    >>> list(space.varied)
    ['factorize.n_components']
    """
    varied: dict[str, Setting] = {}
    shared: dict[str, Any] = {}
    for key, given, annotation in _leaves(table, Config, ""):
        if isinstance(given, Mapping):
            varied[key] = read_setting(key, given, _number_type(annotation), _checked)
        else:
            shared[key] = _checked(key, given)
    if not varied:
        raise ConfigError(
            "nothing to vary",
            remedy="give a setting a range, such as\n"
            "    [factorize]\n    n_components = {low = 10, high = 200, log = true}",
        )
    return Space({key: varied[key] for key in in_order(varied)}, shared, text)


def _leaves(
    table: Mapping[str, Any], model: type[BaseModel], prefix: str
) -> Iterator[tuple[str, Any, Any]]:
    """Key, given value and annotation of every setting."""
    for name, given in table.items():
        key = prefix + name
        field = model.model_fields.get(name)
        if field is None:
            raise _unknown(key)
        if not prefix and name not in FITTED_SECTIONS:
            raise _same_for_all(f"[{name}]")
        if key in UNMEASURED:
            raise _same_for_all(key)
        if not (isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)):
            yield key, given, field.annotation
        elif isinstance(given, Mapping):
            yield from _leaves(given, field.annotation, f"{key}.")
        else:
            raise ConfigError(
                f"{key} = {given!r}: is a section of settings", remedy=f"write [{key}]"
            )


def _unknown(key: str) -> ConfigError:
    settings = flatten(Config.model_construct().model_dump(include=set(FITTED_SECTIONS)))
    close = difflib.get_close_matches(key, [*settings, *FITTED_SECTIONS], n=1, cutoff=0.5)
    remedy = f"did you mean {close[0]!r}?" if close else "see `cfdist config show`"
    return ConfigError(f"there is no setting {key!r}", remedy=remedy)


def _same_for_all(what: str) -> ConfigError:
    return ConfigError(
        f"{what} is the same for all trials: it says what is measured, and on which rows",
        remedy=f"vary {', '.join(FITTED_SECTIONS)}; set the rest in cfdist.toml or with --set",
    )


def _checked(key: str, value: Any) -> Any:
    """The value, if the setting allows it as it stands."""
    taken = flatten(Config.load(None, nested(key, value)).model_dump())[key]
    if taken != value or isinstance(taken, bool) != isinstance(value, bool):
        raise ConfigError(
            f"{key} = {value!r}: is no {type(taken).__name__}", remedy=f"write {key} = {taken!r}"
        )
    if key == METHOD and value not in SIMPLEST_FIRST:
        raise ConfigError(
            f"{key} = {value!r}: cannot be measured",
            remedy="name the methods themselves, such as user_neighbors",
        )
    if isinstance(value, float) and not math.isfinite(value):
        raise ConfigError(f"{key} = {value!r}: is not finite", remedy="write a number")
    return taken


def _number_type(annotation: Any) -> type | None:
    """Whether the setting is a whole number, a number, or neither."""
    kinds = get_args(annotation) if isinstance(annotation, UnionType) else (annotation,)
    return next((kind for kind in (int, float) if kind in kinds), None)
