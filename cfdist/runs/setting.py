"""One setting of a sweep: a range of numbers or a list of choices."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cfdist.errors import ConfigError

DIGITS = 4
"""Suggested numbers are rounded to so many significant digits, to be typed again with ease."""
FORMS = "write {low = …, high = …}, with log = true or step = … where wanted, or {choices = […]}"


@dataclass(frozen=True)
class Setting:
    """What one setting may be.

    Attributes
    ----------
    low, high : int or float or None
        Both inclusive, whole numbers for a setting that is one; None with choices.
    step : int or float or None
        Distance of the values from ``low`` on; None: all.
    log : bool
        Whether small values are tried as often as large ones, by their logarithm.
    choices : tuple
    """

    key: str
    low: Any = None
    high: Any = None
    step: Any = None
    log: bool = False
    choices: tuple[Any, ...] = ()

    def __contains__(self, value: Any) -> bool:
        """True if a trial may have this value."""
        if self.choices:
            return value in self.choices
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        steps = (value - self.low) / self.step if self.step else 0.0
        return bool(self.low <= value <= self.high and math.isclose(steps, round(steps)))

    @property
    def examples(self) -> tuple[Any, ...]:
        """All choices, or both ends."""
        return self.choices or (self.low, self.high)

    def suggest(self, trial: Any) -> Any:
        """The value that an Optuna trial suggests, rounded to :data:`DIGITS` digits."""
        if self.choices:
            return trial.suggest_categorical(self.key, list(self.choices))
        if isinstance(self.low, int):
            return trial.suggest_int(
                self.key, self.low, self.high, step=self.step or 1, log=self.log
            )
        value = trial.suggest_float(self.key, self.low, self.high, step=self.step, log=self.log)
        return min(max(float(f"{value:.{DIGITS}g}"), self.low), self.high)

    def described(self) -> dict[str, Any]:
        """JSON values."""
        if self.choices:
            return {"choices": list(self.choices)}
        return {"low": self.low, "high": self.high, "step": self.step, "log": self.log}


def read_setting(
    key: str,
    given: Mapping[str, Any],
    number_type: type | None,
    checked: Callable[[str, Any], Any],
) -> Setting:
    """The setting that ``{low = …, high = …}`` or ``{choices = […]}`` describes.

    Parameters
    ----------
    number_type : int, float or None
        What the setting is; None: no number.
    checked : function of key and value
        Returns the value as the setting takes it, or raises.

    Raises
    ------
    ConfigError
        The table has other words, or values that do not fit.
    """
    form = {"choices"} if "choices" in given else {"low", "high", "log", "step"}
    if others := [word for word in given if word not in form]:
        raise ConfigError(f"{key} has {others[0]!r} in its table", remedy=FORMS)
    if "choices" in given:
        return Setting(key, choices=_choices(key, given["choices"], checked))
    return _range(key, given, number_type, checked)


def _choices(key: str, given: Any, checked: Callable[[str, Any], Any]) -> tuple[Any, ...]:
    if not isinstance(given, list) or not given:
        raise ConfigError(f"{key}: choices = {given!r} is no list of values", remedy=FORMS)
    values = tuple(checked(key, value) for value in given)
    if twice := [value for value in values if values.count(value) > 1]:
        raise ConfigError(f"{key}: choices has {twice[0]!r} twice", remedy="name each once")
    return values


def _range(
    key: str,
    given: Mapping[str, Any],
    number_type: type | None,
    checked: Callable[[str, Any], Any],
) -> Setting:
    last = key.rpartition(".")[2]
    if number_type is None:
        raise ConfigError(f"{key} is no number", remedy=f"write {last} = {{choices = […]}}")
    for word in ("low", "high"):
        if word not in given:
            raise ConfigError(f"{key} has no {word!r}", remedy=FORMS)
    low, high = (_number(key, word, given[word], number_type) for word in ("low", "high"))
    for bound in (low, high):
        checked(key, bound)
    if low >= high:
        raise ConfigError(
            f"{key}: low = {low} is not below high = {high}",
            remedy=f"exchange them, or write {last} = {low} for all trials",
        )
    log, step = given.get("log", False), given.get("step")
    if not isinstance(log, bool):
        raise ConfigError(f"{key}: log = {log!r} is neither true nor false", remedy=FORMS)
    if log and low <= 0:
        raise ConfigError(
            f"{key}: log = true, and low = {low} has no logarithm",
            remedy="set low above 0, or leave log out",
        )
    if step is None:
        return Setting(key, low, high, None, log)
    return _stepped(key, low, high, _number(key, "step", step, number_type), log)


def _stepped(key: str, low: Any, high: Any, step: Any, log: bool) -> Setting:
    """A range whose high is its last step."""
    if log:
        raise ConfigError(f"{key} has both log and step", remedy="leave one of them out")
    if not 0 < step <= high - low:
        raise ConfigError(
            f"{key}: step = {step} does not lead from low = {low} to high = {high}",
            remedy=f"set step above 0, {high - low} at most",
        )
    n_steps = math.floor((high - low) / step + 1e-9)
    last = low + n_steps * step
    return Setting(key, low, min(last, high), step, log)


def _number(key: str, word: str, value: Any, number_type: type) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ConfigError(f"{key}: {word} = {value!r} is no number", remedy=FORMS)
    if not math.isfinite(value):
        raise ConfigError(f"{key}: {word} = {value!r} is not finite", remedy="write a number")
    if number_type is int and isinstance(value, float):
        raise ConfigError(
            f"{key}: {word} = {value!r}, and the setting is a whole number",
            remedy=f"write {word} = {round(value)}",
        )
    return number_type(value)
