"""Which columns are named like the user, the article, the basket, the quantity or the date."""

import re
from collections.abc import Iterable
from typing import Final

from cfdist.schema import ARTICLE_ID, BASKET_ID, QUANTITY, TIMESTAMP, USER_ID

_BASKETS: Final = (
    "basket order invoice receipt transaction transact trans txn ticket bill purchase cart "
    "session visit trip"
)
_NOUNS: Final = {
    USER_ID: "user customer cust client member household hshd visitor account shopper buyer "
    "subscriber guest person player reader listener viewer uid",
    ARTICLE_ID: "article product prod item stock sku asin ean gtin upc plu isbn material movie "
    "film book track song artist album game app video recipe course venue place business listing",
    BASKET_ID: _BASKETS,
    QUANTITY: "quantity qty units pieces pcs count copies",
    TIMESTAMP: "timestamp datetime date time ts created at day dt dat epoch unixtime",
}
_SUFFIXES: Final = "id no nr num number code key uuid guid hash ref sk idx index"
_ALREADY_IDS: Final = "uid sku asin ean gtin upc plu isbn"
_NEVER_ALONE: Final = "stock prod trans"  # "stock" is what lies on the shelf
_TIME_HEADS: Final = f"{_BASKETS} event sale sales created rating review unix"
_OTHER_TIMES: Final = (
    "birth ship shipping shipped deliver delivery delivered due update updated modified register "
    "registered registration signup expiry expires end valid load loaded"
)
_EVENTS: Final = "event eventtype action actiontype behavior behaviour behaviortype"


def names_like(role: str, names: Iterable[str]) -> list[str]:
    """Those names that fit the role, the best first.

    Parameters
    ----------
    role : str
        Canonical name, such as ``user_id``.
    names : iterable of str
        Columns of any table.

    Examples
    --------
    >>> names_like("user_id", ["Household Key", "price", "customerId"])
    ['customerId', 'Household Key']
    """
    ranks = {name: _rank(role, name) for name in names}
    return [name for _, name in sorted((rank, name) for name, rank in ranks.items() if rank)]


def is_event_name(name: str) -> bool:
    """True for a column that tells what a user did: viewed, bought."""
    return re.sub(r"\W|_", "", name).lower() in _EVENTS.split()


def _rank(role: str, name: str) -> tuple[int, ...] | None:
    """How well a name fits, small is better; None: not at all."""
    if name == role:
        return (-1,)
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)
    words = [word.lower() for word in words]
    for start in range(len(words)):
        rest = "".join(words[start:])
        found = _rank_time(rest) if role == TIMESTAMP else _rank_noun(role, rest)
        if found is not None:
            odd = role == TIMESTAMP and not set(_OTHER_TIMES.split()).isdisjoint(words)
            return (int(odd), int(start > 0), *found)
    return None


def _rank_noun(role: str, word: str) -> tuple[int, int] | None:
    for place, noun in enumerate(_NOUNS[role].split()):
        if not word.startswith(noun):
            continue
        suffix = word[len(noun) :]
        if suffix == "" and noun not in _NEVER_ALONE.split():
            return (0 if noun in _ALREADY_IDS.split() else 2, place)
        if suffix in _SUFFIXES.split() and role != QUANTITY:
            return (0 if suffix in ("id", "uuid") else 1, place)
    return None


def _rank_time(word: str) -> tuple[int, int] | None:
    for place, noun in enumerate(_NOUNS[TIMESTAMP].split()):
        head = word.removesuffix(noun)
        if head != word and (not head or head in _TIME_HEADS.split()):
            return (0 if head else 1, place)
    return None
