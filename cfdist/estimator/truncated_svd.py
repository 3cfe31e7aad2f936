"""Truncated SVD with the manners of scikit-learn, for data of SciPy, NumPy and Dask."""

import inspect
import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from typing import Any, NoReturn

import numpy as np
from dask.delayed import delayed
from numpy.typing import NDArray

from cfdist.algorithms import krylov
from cfdist.algorithms.blas import ONE_BLAS_THREAD
from cfdist.algorithms.variance import explained_variance_ratio
from cfdist.estimator import row_block
from cfdist.estimator.inputs import (
    InputError,
    check_not_empty,
    check_one_column_chunk,
    cut,
    is_dask_array,
    is_pairs,
    local_block,
    pair_columns,
    remedy,
)
from cfdist.estimator.pairs import code_pairs, transform_pairs
from cfdist.estimator.solve import Blocks, Solution, Wish, decompose, facts_of, hold


class NotFittedError(ValueError, AttributeError):
    """The estimator was not fitted."""


class TruncatedSVD:
    """X ≈ U Σ Vᵀ for the largest singular values, in a bounded number of passes over the data.

    Parameters
    ----------
    n_components : int
        Components wanted. A matrix of smaller rank gives as many as it has, with a warning.
    n_iter : int
        Passes over the data at most, in each type of number.
    tol : float
        Estimated relative error of the singular values at which the passes stop.
    random_state : int, numpy Generator, RandomState or None
        Draws the start. None draws another one each time; any other value repeats its bits.
    columns : sequence of str, optional
        For a Dask DataFrame of pairs: the columns of user, article and, if there is one, weight.
        By default the first two or three columns.

    Attributes
    ----------
    components_ : ``(n_components_, n_features_in_)``
        Vᵀ; the entry of the largest absolute value in a row is positive.
    singular_values_ : float64 ``(n_components_,)``, descending
    explained_variance_, explained_variance_ratio_ : float64 ``(n_components_,)``
        Of the centred columns of XV, as in scikit-learn; the ratio is to the variance of X.
    residuals_ : float64 ``(n_components_,)``
        ‖XᵀX v − σ² v‖ / σ².
    error_ : float
        Estimated relative error of the singular values; 0 where they are exact.
    n_components_, n_features_in_, n_iter_ : int
        ``n_iter_`` counts the passes.
    feature_names_in_ : ndarray of str, for a pandas DataFrame
    row_ids_, column_ids_ : ndarray, ascending
        For pairs: whose row and column it is.

    Notes
    -----
    Accepted are a SciPy sparse matrix or array of any format, a NumPy array or pandas DataFrame, a
    Dask Array whose chunks hold whole rows (sparse, of SciPy or the library ``sparse``, or dense;
    unknown numbers of rows will do), and a Dask DataFrame of pairs. Sparse data are never made
    dense or centred. Dask in gives Dask out, lazily.

    Data in memory are worked on by the threads of this process, data of Dask by the current
    client, or by threads where there is none. The same chunks give the same bits for any number
    of workers and threads.

    Cost: up to 512 columns one pass, for the Gram matrix; up to 4,096 rows one task with all of
    them; else block Krylov passes, 8 to 12 as a rule, each of which reads the data once and sums
    one array of n_features × ⌈k / 2⌉ per block. Passes are in float32 unless ``tol`` < 1e-6 or the
    spectrum is too wide. Peak memory besides the data: on one worker two arrays of n_features ×
    max(512, 3 k) float32 (7,300 features and k = 50: 30 MB, of which a run to 1e-4 fills half);
    per task two of n_features × ⌈k / 2⌉.

    References
    ----------
    Musco, Musco: Randomized block Krylov methods for stronger and faster approximate singular
    value decomposition, NeurIPS 2015.

    Examples
    --------
    >>> import numpy as np
    >>> import scipy.sparse as sp
    >>> X = sp.csr_array(np.diag([3.0, 2.0, 1.0, 0.5]))
    >>> svd = TruncatedSVD(n_components=2).fit(X)
    >>> [round(float(value), 6) for value in svd.singular_values_]
    [3.0, 2.0]
    >>> svd.transform(X).shape
    (4, 2)
    """

    components_: NDArray[np.floating]
    singular_values_: NDArray[np.float64]

    def __init__(
        self,
        n_components: int = 50,
        *,
        n_iter: int = 30,
        tol: float = 1e-4,
        random_state: Any = 0,
        columns: Sequence[str] | None = None,
    ) -> None:
        self.n_components = n_components
        self.n_iter = n_iter
        self.tol = tol
        self.random_state = random_state
        self.columns = columns

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters of the constructor, by name."""
        return {name: getattr(self, name) for name in _parameter_names()}

    def set_params(self, **params: Any) -> "TruncatedSVD":
        """Itself, with these parameters.

        Raises
        ------
        InputError
            There is no parameter of that name.
        """
        for name, value in params.items():
            if name not in _parameter_names():
                raise InputError(
                    f"Invalid parameter {name!r} for estimator {self!r}",
                    remedy=f"valid parameters are: {', '.join(_parameter_names())}",
                )
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        defaults = inspect.signature(type(self)).parameters
        changed = [
            f"{name}={value!r}"
            for name, value in self.get_params().items()
            if value is not defaults[name].default
        ]
        return f"{type(self).__name__}({', '.join(changed)})"

    def fit(self, X: Any, y: Any = None) -> "TruncatedSVD":  # noqa: N803
        """Itself, fitted.

        Raises
        ------
        InputError
            The data or a parameter cannot be used.
        """
        self._check_parameters()
        self._forget_names()
        try:
            blocks = self._blocks_of(X)
        except InputError:
            raise
        except ValueError as error:
            raise InputError(str(error), remedy=remedy(str(error))) from error
        self._keep(blocks, *self._solve(blocks))
        return self

    def fit_transform(self, X: Any, y: Any = None) -> Any:  # noqa: N803
        """UΣ of the fitted data: ``fit`` and ``transform`` of the same."""
        return self.fit(X).transform(X)

    def transform(self, X: Any) -> Any:  # noqa: N803
        """XV, ``(n_rows, n_components_)``: an array, or lazy where X is of Dask.

        For pairs a Dask DataFrame whose index is the user; articles that were not fitted count
        nothing, and users need not have been.
        """
        self._check_fitted()
        factors = self.components_.T
        if is_pairs(X):
            if not hasattr(self, "column_ids_"):
                raise InputError("pairs need an estimator that was fitted on pairs")
            names = [str(name) for name in self.get_feature_names_out()]
            columns = pair_columns(X, self.columns)
            return transform_pairs(X, columns, self.column_ids_, factors, names)
        if is_dask_array(X):
            self._check_width(X.shape[1])
            check_one_column_chunk(X)
            return X.map_blocks(
                _transform_chunk,
                factors=delayed(np.ascontiguousarray(factors), traverse=False),
                dtype=np.result_type(X.dtype, factors.dtype),
                chunks=(X.chunks[0], (factors.shape[1],)),
                meta=np.empty((0, 0), dtype=np.result_type(X.dtype, factors.dtype)),
            )
        block = local_block(X)
        self._check_width(block.shape[1])
        return _times_in_one(block, np.ascontiguousarray(factors))

    def inverse_transform(self, X: Any) -> Any:  # noqa: N803
        """X @ components_, dense: what the components hold of the original rows; lazy for Dask."""
        self._check_fitted()
        if is_dask_array(X):
            return X.map_blocks(
                _times_in_one,
                dense=delayed(self.components_, traverse=False),
                dtype=np.result_type(X.dtype, self.components_.dtype),
                chunks=(X.chunks[0], (self.n_features_in_,)),
            )
        reduced = np.asarray(X)
        if reduced.ndim != 2 or reduced.shape[1] != self.n_components_:
            raise InputError(
                f"X of shape {reduced.shape} does not have {self.n_components_} columns",
                remedy="give what transform returned",
            )
        return _times_in_one(reduced, self.components_)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[Any]:
        """``truncatedsvd0``, ``truncatedsvd1`` …, as scikit-learn names them."""
        self._check_fitted()
        prefix = type(self).__name__.lower()
        return np.array([f"{prefix}{i}" for i in range(self.n_components_)], dtype=object)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "components_")

    def __sklearn_tags__(self) -> Any:
        """What scikit-learn asks; only scikit-learn calls this, so it is there."""
        tags = import_module("sklearn.utils")
        return tags.Tags(
            estimator_type="transformer",
            target_tags=tags.TargetTags(required=False),
            transformer_tags=tags.TransformerTags(preserves_dtype=["float64", "float32"]),
            input_tags=tags.InputTags(sparse=True),
        )

    def _check_parameters(self) -> None:
        for name, lowest in (("n_components", 1), ("n_iter", 2)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
                raise InputError(f"{name} = {value!r} is not a whole number")
            if value < lowest:
                raise InputError(
                    f"{name} = {value} is below {lowest}", remedy=f"set {name} ≥ {lowest}"
                )
        if not 0 < self.tol < 1:
            raise InputError(f"tol = {self.tol} is not between 0 and 1", remedy="set tol=1e-4")

    def _forget_names(self) -> None:
        for name in ("feature_names_in_", "row_ids_", "column_ids_"):
            if hasattr(self, name):
                delattr(self, name)

    def _blocks_of(self, X: Any) -> Blocks:  # noqa: N803
        if is_pairs(X):
            coded = code_pairs(X, pair_columns(X, self.columns))
            self.row_ids_, self.column_ids_ = coded.row_ids, coded.column_ids
            return hold(coded.parts, None)
        if is_dask_array(X):
            if X.ndim != 2:
                raise InputError(
                    f"Expected 2D array, got {X.ndim}D array instead: Reshape your data"
                )
            check_one_column_chunk(X)
            return hold(list(X.to_delayed().ravel()), None)
        if hasattr(X, "columns") and hasattr(X, "to_numpy"):
            self._remember_columns(X)
        block = local_block(X)
        check_not_empty(block.shape)
        parts = [delayed(part, traverse=False) for part in cut(block)]
        return hold(parts, "threads")

    def _remember_columns(self, frame: Any) -> None:
        names = list(frame.columns)
        if all(isinstance(name, str) for name in names):
            self.feature_names_in_ = np.array(names, dtype=object)

    def _solve(self, blocks: Blocks) -> tuple[Solution, row_block.BlockFacts]:
        shape = blocks.shape
        wanted = min(int(self.n_components), *shape)
        check_not_empty(shape)
        if wanted < self.n_components:
            _warn(
                f"n_components = {self.n_components} is more than a matrix of {shape[0]:,} × "
                f"{shape[1]:,} has: {wanted} are used"
            )
        facts = facts_of(blocks)
        if facts.squared_norm == 0:
            raise InputError("every value of X is zero", remedy="there is nothing to factorize")
        dtype = np.dtype(blocks.dtype).name
        seed = _seed_of(self.random_state)
        wish = Wish(wanted, int(self.n_iter), float(self.tol), seed, dtype)
        return decompose(blocks, wish), facts

    def _keep(self, blocks: Blocks, found: Solution, facts: row_block.BlockFacts) -> None:
        """Set the attributes."""
        shape, factors = blocks.shape, found.factors
        wanted = min(int(self.n_components), *shape)
        rank = max(1, krylov.numerical_rank(factors.singular_values, shape, found.dtype))
        sigma = factors.singular_values[:rank]
        item_factors = factors.item_factors[:, :rank]
        self.components_ = np.ascontiguousarray(item_factors.T)
        self.singular_values_ = sigma
        self.residuals_ = factors.residuals[:rank]
        self.n_components_ = len(sigma)
        self.n_features_in_ = shape[1]
        self.n_iter_, self.error_ = found.n_passes, found.error
        means = facts.column_sum / shape[0]
        centred = np.square(sigma) / shape[0] - np.square(means @ item_factors.astype(np.float64))
        self.explained_variance_ = np.maximum(centred, 0)
        ratio = explained_variance_ratio(
            sigma, item_factors, facts.column_sum, facts.squared_norm, shape[0]
        )
        self.explained_variance_ratio_ = (
            np.maximum(ratio, 0) if len(ratio) else np.zeros(len(sigma))
        )
        if len(sigma) < wanted:
            _warn(f"the matrix has rank {len(sigma)}: that many components are used")
        elif found.error > self.tol:
            _warn(
                f"stopped after {found.n_passes} passes at an estimated relative error of "
                f"{found.error:.1e}; raise n_iter to reach {self.tol:.0e}"
            )

    def _check_fitted(self) -> None:
        if not hasattr(self, "components_"):
            _raise_not_fitted(type(self).__name__)

    def _check_width(self, width: float) -> None:
        if not np.isnan(width) and width != self.n_features_in_:
            raise InputError(
                f"X has {int(width)} features, but {type(self).__name__} is expecting "
                f"{self.n_features_in_} features as input",
                remedy="give a matrix with the columns that were fitted",
            )


def _raise_not_fitted(name: str) -> NoReturn:
    """As scikit-learn's error of that name where it is loaded, so that its callers catch it."""
    known = sys.modules.get("sklearn.exceptions")
    kind = known.NotFittedError if known else NotFittedError
    raise kind(f"This {name} instance is not fitted yet. Call 'fit' before using it")


def _parameter_names() -> list[str]:
    return [name for name in inspect.signature(TruncatedSVD.__init__).parameters if name != "self"]


def _seed_of(random_state: Any) -> int:
    """A seed of NumPy's generator."""
    if random_state is None:
        return int(np.random.SeedSequence().generate_state(1)[0])
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(2**31))
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(2**31 - 1))
    if isinstance(random_state, (int, np.integer)) and random_state >= 0:
        return int(random_state)
    raise InputError(f"random_state = {random_state!r} seeds nothing", remedy="give an int ≥ 0")


def _times_in_one(block: Any, dense: NDArray[Any]) -> NDArray[Any]:
    with ONE_BLAS_THREAD:
        return row_block.times(block, dense)


def _transform_chunk(chunk: Any, factors: NDArray[Any]) -> NDArray[Any]:
    block = row_block.row_block(chunk)
    if block.shape[1] != factors.shape[0]:
        raise InputError(f"X has {block.shape[1]} features, {factors.shape[0]} were fitted")
    return _times_in_one(block, factors)


def _warn(message: str) -> None:
    warnings.warn(message, UserWarning, stacklevel=4)
