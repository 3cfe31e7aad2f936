"""Column names and Arrow schemas of every table that cfdist reads or writes, once."""

from typing import Final

import pyarrow as pa

USER_ID: Final = "user_id"
ARTICLE_ID: Final = "article_id"
BASKET_ID: Final = "basket_id"
QUANTITY: Final = "quantity"
TIMESTAMP: Final = "timestamp"

INTERACTION_COLUMNS: Final = (USER_ID, ARTICLE_ID, BASKET_ID, QUANTITY, TIMESTAMP)
REQUIRED_COLUMNS: Final = (USER_ID, ARTICLE_ID)
ID_COLUMNS: Final = (USER_ID, ARTICLE_ID, BASKET_ID)
MAX_ID_BYTES: Final = 1024

NAME: Final = "name"
CATEGORY: Final = "category"
BRAND: Final = "brand"
VARIANT_OF: Final = "variant_of"
AVAILABLE_UNTIL: Final = "available_until"

RANK: Final = "rank"
SCORE: Final = "score"
SOURCE: Final = "source"
RELATION: Final = "relation"
OTHER_ARTICLE_ID: Final = "other_article_id"
PAIR_COUNT: Final = "pair_count"
CONFIDENCE: Final = "confidence"
LIFT: Final = "lift"
SIMILARITY: Final = "similarity"
USER_INDEX: Final = "user_index"
ARTICLE_INDEX: Final = "article_index"
OTHER_USER_ID: Final = "other_user_id"
N_USERS_SHARING: Final = "n_users_sharing"
N_OWNED: Final = "n_owned_articles"
PROFILE_USER_INDEX: Final = "profile_user_index"
N_USERS: Final = "n_users"
N_BASKETS: Final = "n_baskets"
LAST_BOUGHT: Final = "last_bought"
N_BOUGHT: Final = "n_bought"

BOUGHT_TOGETHER: Final = "bought_together"
SIMILAR: Final = "similar"
RELATIONS: Final = (BOUGHT_TOGETHER, SIMILAR)

USER_NEIGHBORS: Final = "user_neighbors"
ITEM_NEIGHBORS: Final = "item_neighbors"
LATENT: Final = "latent"
POPULAR: Final = "popular"
SPECTRAL: Final = "spectral"
BLEND: Final = "blend"
HISTORY: Final = "history"
RECOMMENDERS: Final = (
    USER_NEIGHBORS,
    ITEM_NEIGHBORS,
    LATENT,
    POPULAR,
    SPECTRAL,
    BLEND,
    HISTORY,
)
"""Values of ``source``; their order is the code in stored parts."""
AUTO: Final = "auto"

LABEL: Final = pa.dictionary(pa.int8(), pa.string())


def user_recommendations(user_id: pa.DataType, article_id: pa.DataType) -> pa.Schema:
    """Schema of ``cf_user_based_recommendations.parquet``, sorted by user, then rank."""
    return _required(
        {USER_ID: user_id, RANK: pa.int16(), ARTICLE_ID: article_id, SCORE: pa.float32()},
        {SOURCE: LABEL},
    )


def buy_again(user_id: pa.DataType, article_id: pa.DataType) -> pa.Schema:
    """Schema of ``buy_again.parquet``, sorted by user, then rank; users without any have no rows.

    ``n_bought``: purchases less returns; ``last_bought`` is null where there are no timestamps.
    """
    known = _required(
        {USER_ID: user_id, RANK: pa.int16(), ARTICLE_ID: article_id, SCORE: pa.float32()}
    )
    known = known.append(pa.field(LAST_BOUGHT, pa.timestamp("us")))
    return known.append(pa.field(N_BOUGHT, pa.int64(), nullable=False))


def item_recommendations(article_id: pa.DataType) -> pa.Schema:
    """Schema of ``cf_item_based_recommendations.parquet``: by article, relation, rank."""
    return _required(
        {ARTICLE_ID: article_id, RELATION: LABEL, RANK: pa.int16(), OTHER_ARTICLE_ID: article_id},
        {SCORE: pa.float32(), SOURCE: LABEL, PAIR_COUNT: pa.int64()},
        {CONFIDENCE: pa.float32(), LIFT: pa.float32(), SIMILARITY: pa.float32()},
    )


def users(user_id: pa.DataType) -> pa.Schema:
    """Schema of ``users.parquet``: the row of each user in the matrix and the factors.

    ``profile_user_index`` is the first user with the same history, whose rows in
    ``similar_users.parquet`` hold for all of them.
    """
    return _required(
        {USER_INDEX: pa.int64(), USER_ID: user_id, N_OWNED: pa.int64()},
        {PROFILE_USER_INDEX: pa.int64()},
    )


def articles(article_id: pa.DataType) -> pa.Schema:
    """Schema of ``articles.parquet``: the column of each article, its popularity, its name.

    ``variant_of`` is the id of its family as text; null: the article itself.
    """
    known = _required(
        {ARTICLE_INDEX: pa.int64(), ARTICLE_ID: article_id, N_USERS: pa.int64()},
        {N_BASKETS: pa.int64()},
    )
    for column in (NAME, CATEGORY, BRAND, VARIANT_OF):
        known = known.append(pa.field(column, pa.string()))
    return known


def similar_users(user_id: pa.DataType) -> pa.Schema:
    """Schema of ``similar_users.parquet``: one row per distinct history and neighbour."""
    return _required(
        {USER_ID: user_id, RANK: pa.int16(), OTHER_USER_ID: user_id, SIMILARITY: pa.float32()},
        {N_USERS_SHARING: pa.int64()},
    )


def _required(*groups: dict[str, pa.DataType]) -> pa.Schema:
    columns = [pair for group in groups for pair in group.items()]
    return pa.schema([pa.field(name, kind, nullable=False) for name, kind in columns])
