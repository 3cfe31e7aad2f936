"""Hold purchases out: interactions to learn from, and what is to be predicted."""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from distributed import Future

from cfdist.algorithms.holding_out import Masks, by_date, last_k, random_share, take
from cfdist.algorithms.interactions import InteractionBlock
from cfdist.errors import DataError
from cfdist.stages.block_counts import BlockCounts, count_blocks, describe_rest
from cfdist.stages.checkpoint import hash_settings
from cfdist.stages.context import Artifact, Context
from cfdist.stages.ingest import Interactions, ingest

HELD_OUT = "held out"
AFTER_THE_WINDOW = "after the held-out window"

_Sides = tuple[InteractionBlock, InteractionBlock]
_RULES: dict[str, Any] = {"date": by_date, "last_k": last_k, "random": random_share}
_REMEDIES = {
    "date": "choose other dates: evaluation.date, evaluation.holdout_days, or evaluation.split",
    "last_k": "users with two articles at least are needed; evaluation.split=date needs none",
    "random": "users with two articles at least are needed; evaluation.split=date needs none",
    "files": "check evaluation.test_input: its columns are those of ingest.input",
}


class Rule(NamedTuple):
    """What is held out; JSON values only.

    Attributes
    ----------
    kind : {"date", "last_k", "random", "files"}
    arguments : tuple
        ``(from_us, until_us)``; ``(k,)``; ``(share, seed)``; ``(address of the held-out rows,)``
    """

    kind: Literal["date", "last_k", "random", "files"]
    arguments: tuple[Any, ...]


class HeldOut(Artifact):
    """Purchases that the model does not see.

    ``meta``: n_rows, n_users, n_rows_without_user.
    Parts ``blocks``: one :class:`InteractionBlock` per block of the train interactions, of
    purchases only (quantity > 0); a user of one is in the same block of the other.
    """

    @property
    def blocks(self) -> Sequence[Future]:
        """One InteractionBlock per run of buckets."""
        return self.parts["blocks"]


class Split(Artifact):
    """Both sides. ``meta``: train, test: the ``meta`` of each. Parts ``train``, ``test``."""

    @property
    def train(self) -> Interactions:
        """What the model sees. ``meta`` has ``as_of_us``: the moment that it predicts from.

        That is the start of the window for dates, else the newest timestamp, else None.
        """
        return Interactions(self.key, self.meta["train"], {"blocks": self.parts["train"]})

    @property
    def test(self) -> HeldOut:
        """What is to be predicted."""
        key = hash_settings(HELD_OUT, self.key)
        return HeldOut(key, self.meta["test"], {"blocks": self.parts["test"]})


def split(context: Context, interactions: Interactions, rule: Rule) -> Split:
    """Train interactions and held-out purchases, block by block.

    Raises
    ------
    DataError
        Nothing is held out, or nothing is left to learn from.

    Notes
    -----
    One pass over each block. Rows of ``files`` are read by :func:`ingest` with the same
    columns, checks and sample; ``first_date`` and ``last_date`` hold for the train rows alone.
    """
    others = _read_test(context, interactions, rule) if rule.kind == "files" else None
    depends = (interactions.key, rule, others.key if others else None)
    with context.stage("split", *depends) as stage:
        found = stage.resume(Split)
        if found is not None:
            return found
        train, test = [], []
        for number, block in enumerate(interactions.blocks):
            if others:
                train.append(stage.submit(_itself, block, part="train"))
                test.append(stage.submit(_purchases, others.blocks[number], part="test"))
            else:
                both = stage.submit(_cut, block, rule.kind, rule.arguments, label="cut")
                train.append(stage.submit(_first, both, part="train"))
                test.append(stage.submit(_second, both, part="test"))
        train_counts, test_counts = count_blocks(stage, train), count_blocks(stage, test)
        _require_rows(rule, train_counts, test_counts)
        meta = {
            "train": _describe_train(interactions, rule, train_counts, test_counts),
            "test": {
                "n_rows": test_counts.n_purchases,
                "n_users": test_counts.n_users,
                "n_rows_without_user": test_counts.n_rows_without_user,
            },
        }
        return stage.complete(Split, meta, train=train, test=test)


def _read_test(context: Context, interactions: Interactions, rule: Rule) -> Interactions:
    """The rows of ``evaluation.test_input`` in the blocks of the interactions."""
    config = context.config
    update = {"input": rule.arguments[0], "first_date": None, "last_date": None}
    held_out = config.ingest.model_copy(update=update)
    return ingest(
        context.with_config(config.model_copy(update={"ingest": held_out})), beside=interactions
    )


def _require_rows(rule: Rule, train: BlockCounts, test: BlockCounts) -> None:
    what = {"date": "this window", "files": f"{rule.arguments[0]}"}.get(rule.kind, "this split")
    if not test.n_purchases:
        raise DataError(
            f"no purchase of a known user is held out by {what}", remedy=_REMEDIES[rule.kind]
        )
    if not train.n_purchases:
        raise DataError(
            f"no purchase is left to learn from beside {what}", remedy=_REMEDIES[rule.kind]
        )


def _describe_train(
    interactions: Interactions, rule: Rule, train: BlockCounts, test: BlockCounts
) -> dict[str, Any]:
    """The description of the input, with the held-out rows among the dropped ones."""
    held_out = test.n_purchases if rule.kind != "files" else 0
    later = interactions.meta["rows_used"] - train.n_purchases - held_out
    meta = describe_rest(interactions.meta, train, {HELD_OUT: held_out, AFTER_THE_WINDOW: later})
    as_of_us = rule.arguments[0] if rule.kind == "date" else meta["last_timestamp"]
    return {**meta, "as_of_us": as_of_us}


def _cut(block: InteractionBlock, kind: str, arguments: tuple[Any, ...]) -> _Sides:
    masks: Masks = _RULES[kind](block, *arguments)
    return take(block, masks.train), take(block, masks.test)


def _first(sides: _Sides) -> InteractionBlock:
    return sides[0]


def _second(sides: _Sides) -> InteractionBlock:
    return sides[1]


def _purchases(block: InteractionBlock) -> InteractionBlock:
    return take(block, block.quantity > 0)


def _itself(block: InteractionBlock) -> InteractionBlock:
    return block
