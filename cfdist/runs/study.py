"""The trials of a sweep, kept in a folder; Optuna suggests which one comes next."""

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from cfdist.errors import ConfigError, DataError
from cfdist.evaluation.intervals import Estimate
from cfdist.runs.setting import Setting
from cfdist.runs.space import Space
from cfdist.runs.values import read_arrays, write_arrays

Array = np.ndarray[Any, Any]
JOURNAL = "journal.log"
TRIALS = "trials"
RECORD = "record"
NAME = "sweep"
FEWEST_FOR_IMPORTANCE = 8


@dataclass
class Trial:
    """One finished trial.

    Attributes
    ----------
    status : {"ok", "failed"}
    value : dict or None
        The fields of an :class:`~cfdist.evaluation.intervals.Estimate`; None for what is infinite.
    settings : dict
        ``"section.key"`` → value, what has an effect.
    """

    number: int
    status: str
    value: dict[str, Any] | None
    settings: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    error: str | None = None

    @property
    def mean(self) -> float:
        """What trials are ranked by; −inf for a failed one."""
        return float(self.value["mean"]) if self.value else -math.inf


def told(estimate: Estimate) -> dict[str, Any]:
    """JSON values of an estimate."""
    fields = estimate._asdict()
    return {name: value if math.isfinite(value) else None for name, value in fields.items()}


def require_optuna() -> Any:
    """The library, without its lines on standard error.

    Raises
    ------
    ConfigError
        It is not installed.
    """
    try:
        import optuna
    except ImportError:
        raise ConfigError(
            "`cfdist sweep` needs Optuna, which is not installed",
            remedy="pip install 'cfdist[sweep]'",
        ) from None
    optuna.logging.disable_default_handler()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna


class Study:
    """Trials in a folder: a journal, and one file of values per user for each.

    Parameters
    ----------
    folder : Path
        Exists. What it holds is taken up again; a trial that was running is forgotten.
    seed : int
        A trial is suggested from the seed, its number and the trials before it, so that a sweep
        that was stopped comes to the same trials as one that was not.
    """

    def __init__(self, folder: Path, space: Space, seed: int) -> None:
        self._folder, self._space, self._seed = folder, space, seed
        self._optuna = require_optuna()
        (folder / TRIALS).mkdir(exist_ok=True)
        self._study = _open(self._optuna, folder)
        self._settle()
        stored = [trial.user_attrs for trial in self._study.get_trials(deepcopy=False)]
        found = [Trial(**attributes[RECORD]) for attributes in stored if RECORD in attributes]
        self.trials = sorted(found, key=lambda trial: trial.number)

    @property
    def best(self) -> Trial | None:
        """The highest value; of equal ones the first."""
        able = [trial for trial in self.trials if trial.status == "ok"]
        return max(able, key=lambda trial: (trial.mean, -trial.number), default=None)

    def ask(self, base: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
        """Optuna's trial and its settings; of the first trial those of ``base``."""
        number = len(self.trials)
        if number == 0:
            return self._first(base)
        seed = np.random.SeedSequence([self._seed, number]).generate_state(1)
        self._study.sampler = self._optuna.samplers.TPESampler(
            seed=int(seed[0]), constant_liar=False
        )
        asked = self._study.ask()
        return asked, self._space.settings(base, lambda setting: setting.suggest(asked))

    def tell(self, asked: Any, trial: Trial, columns: Sequence[Array]) -> None:
        """Keep a finished trial, and its values per user in every fold that chooses."""
        if columns:
            arrays = {str(place): column for place, column in enumerate(columns)}
            write_arrays(self._values_file(trial.number), arrays)
        if isinstance(asked, self._optuna.trial.FixedTrial):
            self._study.add_trial(self._frozen(asked, trial))
        else:
            asked.set_user_attr(RECORD, asdict(trial))
            self._tell(asked.number, trial)
        self.trials.append(trial)

    def columns(self, trial: Trial) -> list[Array]:
        """Values per user of a finished trial.

        Raises
        ------
        DataError
            Their file is gone or damaged.
        """
        path = self._values_file(trial.number)
        stored = read_arrays(path)
        if stored is None:
            raise DataError(f"{path}: cannot be read", remedy="start the sweep again")
        return [stored[str(place)] for place in range(len(stored))]

    def importance(self) -> dict[str, float]:
        """Share of the differences between trials that each setting explains.

        Empty with fewer than eight trials, or where it cannot be said.

        References
        ----------
        Watanabe, Bansal, Hutter: PED-ANOVA, IJCAI 2023.
        """
        if sum(trial.status == "ok" for trial in self.trials) < FEWEST_FOR_IMPORTANCE:
            return {}
        with warnings.catch_warnings():
            # Experimental in Optuna 4; and it warns of each setting that few trials had.
            warnings.simplefilter("ignore", self._optuna.exceptions.ExperimentalWarning)
            warnings.simplefilter("ignore", UserWarning)
            try:
                evaluator = self._optuna.importance.PedAnovaImportanceEvaluator()
                shares = self._optuna.importance.get_param_importances(
                    self._study, evaluator=evaluator
                )
            except (ValueError, RuntimeError, ArithmeticError):
                return {}
        return {key: float(share) for key, share in shares.items() if math.isfinite(share)}

    def _first(self, base: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
        """The settings as they are, whether or not the space has them."""
        known = {
            key: base[key] for key, setting in self._space.varied.items() if base[key] in setting
        }
        fixed = self._optuna.trial.FixedTrial(known)

        def pick(setting: Setting) -> Any:
            if setting.key in known:
                setting.suggest(fixed)
            return base[setting.key]

        return fixed, self._space.settings(base, pick)

    def _frozen(self, fixed: Any, trial: Trial) -> Any:
        state = self._optuna.trial.TrialState
        return self._optuna.trial.create_trial(
            state=state.COMPLETE if trial.value else state.FAIL,
            value=trial.mean if trial.value else None,
            params={key: fixed.params[key] for key in fixed.distributions},
            distributions=fixed.distributions,
            user_attrs={RECORD: asdict(trial)},
        )

    def _tell(self, number: int, trial: Trial) -> None:
        if trial.value:
            self._study.tell(number, trial.mean)
        else:
            self._study.tell(number, state=self._optuna.trial.TrialState.FAIL)

    def _settle(self) -> None:
        """End trials that a stopped process left running."""
        for left in self._study.get_trials(states=(self._optuna.trial.TrialState.RUNNING,)):
            if RECORD in left.user_attrs:
                self._tell(left.number, Trial(**left.user_attrs[RECORD]))
            else:
                self._study.tell(left.number, state=self._optuna.trial.TrialState.FAIL)

    def _values_file(self, number: int) -> Path:
        return self._folder / TRIALS / f"{number:05d}.npz"


def _open(optuna: Any, folder: Path) -> Any:
    """The study of a journal, new or old."""
    from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

    path = str(folder / JOURNAL)
    try:
        backend = JournalFileBackend(path, lock_obj=JournalFileOpenLock(path))
        return optuna.create_study(
            storage=optuna.storages.JournalStorage(backend),
            study_name=NAME, direction="maximize", load_if_exists=True,
        )  # fmt: skip
    except (ValueError, KeyError) as error:
        raise DataError(
            f"{path}: cannot be read: {error}", remedy="start the sweep again, without --resume"
        ) from error
