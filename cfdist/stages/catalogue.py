"""What a list may hold, per article: lists of ids, ends of availability, categories, families."""

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from distributed import Future

from cfdist.algorithms.interactions import encode_sorted
from cfdist.algorithms.rules import Rules, capacity, family_categories
from cfdist.config import Config
from cfdist.errors import ConfigError, DataError
from cfdist.input.articles import look_up_articles, table_columns
from cfdist.input.id_list import read_id_list
from cfdist.schema import AVAILABLE_UNTIL, CATEGORY, VARIANT_OF
from cfdist.settings import RecommendSettings
from cfdist.stages.checkpoint import hash_settings, resolved
from cfdist.stages.context import Artifact, Context

if TYPE_CHECKING:
    from cfdist.stages.fitting import Fitting

N_NAMED = 5
REASONS = {
    "n_denied": "on recommend.deny",
    "n_not_allowed": "not on recommend.allow",
    "n_unavailable": "no longer available",
}

Array = np.ndarray[Any, Any]


class Catalogue(Artifact):
    """Rules of every list.

    ``meta``: has_rules; with rules also has_limits (of families or categories), n_articles,
    n_allowed, n_denied, n_not_allowed, n_unavailable, n_families, n_categories, capacity.
    Part ``articles``, with rules: one dict of arrays ``(n_articles,)``: ``allowed`` bool,
    ``category`` and ``family`` int32.
    """

    @property
    def has_rules(self) -> bool:
        """Whether anything is ruled."""
        return bool(self.meta["has_rules"])

    @property
    def has_limits(self) -> bool:
        """Whether an entry of a list may keep another one out."""
        return bool(self.meta.get("has_limits"))

    @property
    def articles(self) -> Future | None:
        """Per article: ``allowed``, ``category``, ``family``; None without rules."""
        return self.parts["articles"][0] if self.has_rules else None


def catalogue(fitting: "Fitting") -> Catalogue:
    """The rules of ``recommend`` over the articles that were trained on.

    Raises
    ------
    DataError
        A list or the articles table cannot be read, or no article is left to recommend.
    ConfigError
        Categories are limited, and no article has one.

    Notes
    -----
    The files are read here, not in a task: the key is the hash of what they say of these
    articles, so a changed file, or an article whose time is over, is another key. Times are
    compared with the start of the run; where purchases are held out, with the moment that the
    model predicts from.
    """
    context = fitting.context
    index, rows = fitting.index, fitting.interactions.meta
    now_us = int(rows.get("as_of_us") or context.now_us)
    if "as_of_us" not in rows:  # train rows of an evaluation know fewer articles: no news
        _tell_unknown(context, resolved(index.article_ids.result()))
    found = _read(context.config, resolved(index.article_ids.result()), now_us)
    if found is None:
        return Catalogue(hash_settings("catalogue", index.key), {"has_rules": False}, {})
    arrays, meta = found
    _require_articles(context, meta)
    digest = hashlib.sha256(b"".join(array.tobytes() for array in arrays.values())).hexdigest()
    with context.stage("catalogue", index.key, digest, meta) as stage:
        known = stage.resume(Catalogue)
        if known is not None:
            return known
        articles = stage.submit(_itself, arrays, part="articles")
        stage.wait([articles])
        return stage.complete(Catalogue, meta, articles=[articles])


def check_id_lists(config: Config) -> None:
    """Raise before anything is computed where a list of articles cannot be read.

    Raises
    ------
    DataError
        As :func:`catalogue`.
    """
    for name in ("allow", "deny"):
        if address := getattr(config.recommend, name):
            read_id_list(address, f"recommend.{name}", config.ingest)


def _read(
    config: Config, ids: pa.Array, now_us: int
) -> tuple[dict[str, Array], dict[str, Any]] | None:
    """Arrays and counts; None where nothing is ruled."""
    settings, described = config.recommend, _describe(config, ids)
    denied = _listed(config, ids, "deny")
    not_allowed = ~_listed(config, ids, "allow") if settings.allow else np.zeros(len(ids), bool)
    until = np.asarray(described[AVAILABLE_UNTIL].cast(pa.int64()).fill_null(now_us + 1))
    over = until <= now_us
    family = _families(ids, described[VARIANT_OF] if settings.one_per_variant else None)
    category = _categories(described[CATEGORY], family, settings)
    allowed = ~(denied | not_allowed | over)
    n_families = int(family.max()) + 1
    has_limits = n_families < len(ids) or settings.max_per_category is not None
    if not has_limits and allowed.all():
        return None
    rules = Rules(allowed, category, family, settings.max_per_category or 0)
    meta = {
        "has_rules": True,
        "has_limits": has_limits,
        "n_articles": len(ids),
        "n_allowed": int(allowed.sum()),
        "n_denied": int(denied.sum()),
        "n_not_allowed": int(not_allowed.sum()),
        "n_unavailable": int(over.sum()),
        "n_families": n_families,
        "n_categories": int(category.max()) + 1,
        "capacity": capacity(rules),
    }
    return {"allowed": allowed, "category": category, "family": family}, meta


def _describe(config: Config, ids: pa.Array) -> dict[str, pa.Array]:
    """What rules need of the articles table; rows are read only where it has such columns."""
    columns = [AVAILABLE_UNTIL, VARIANT_OF, CATEGORY]
    wanted = {AVAILABLE_UNTIL, VARIANT_OF}
    if config.recommend.max_per_category is not None:
        wanted.add(CATEGORY)
    if wanted & table_columns(config.ingest, ids.type):
        return look_up_articles(config.ingest, ids, columns)
    return look_up_articles(config.ingest.model_copy(update={"articles": ""}), ids, columns)


def _listed(config: Config, ids: pa.Array, name: str) -> Array:
    """Mask of the articles that a list names."""
    address = getattr(config.recommend, name)
    if not address:
        return np.zeros(len(ids), dtype=bool)
    listed = read_id_list(address, f"recommend.{name}", config.ingest)
    return np.asarray(pc.is_in(ids.cast(pa.string()), value_set=listed))


def _tell_unknown(context: Context, ids: pa.Array) -> None:
    """A note of what lists name that nobody has."""
    for name in ("allow", "deny"):
        option, address = f"recommend.{name}", getattr(context.config.recommend, name)
        if not address:
            continue
        listed = read_id_list(address, option, context.config.ingest)
        known = pc.is_in(listed, value_set=ids.cast(pa.string()))
        unknown = listed.filter(pc.invert(known))
        if len(unknown):
            more = f" and {len(unknown) - N_NAMED:,} more" if len(unknown) > N_NAMED else ""
            context.note(
                f"{option} = {address!r}: {len(unknown):,} of {len(listed):,} ids are in no "
                f"interaction: {', '.join(unknown[:N_NAMED].to_pylist())}{more}"
            )


def _families(ids: pa.Array, variant_of: pa.Array | None) -> Array:
    """Code of each article's family; without families one code per article."""
    if variant_of is None:
        return np.arange(len(ids), dtype=np.int32)
    return encode_sorted(pc.coalesce(variant_of, ids.cast(pa.string())))[1]


def _categories(names: pa.Array, family: Array, settings: RecommendSettings) -> Array:
    """Code of each article's category, one per family; −1 where none is limited or known."""
    if settings.max_per_category is None:
        return np.full(len(names), -1, dtype=np.int32)
    if names.null_count == len(names):
        raise ConfigError(
            f"recommend.max_per_category = {settings.max_per_category}, but no article that was "
            "trained on has a category",
            remedy="give the articles table a column category, or unset recommend.max_per_category",
        )
    return family_categories(encode_sorted(names)[1], family)


def _require_articles(context: Context, meta: dict[str, Any]) -> None:
    """Nothing left is an error; too little for full lists is told."""
    settings = context.config.recommend
    counts = [f"{meta[count]:,} {words}" for count, words in REASONS.items() if meta[count]]
    told = ", ".join(counts) or "none denied"
    if not meta["n_allowed"]:
        raise DataError(
            f"none of {meta['n_articles']:,} articles may be recommended: {told}",
            remedy="check recommend.allow, recommend.deny and available_until of ingest.articles",
        )
    n = min(settings.n_recommendations, meta["n_articles"])
    if meta["capacity"] < n:
        limit = settings.max_per_category
        words = f"; at most {limit} of one category" if limit else ""
        some = meta["n_families"] < meta["n_articles"]
        families = f" of {meta['n_families']:,} families" if some else ""
        context.note(
            f"a list can have {meta['capacity']:,} of {n:,} entries: {meta['n_allowed']:,} of "
            f"{meta['n_articles']:,} articles{families} may be recommended ({told}{words})"
        )


def _itself(value: Any) -> Any:
    return value
