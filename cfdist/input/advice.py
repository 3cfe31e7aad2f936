"""What the figures of an input suggest to its user, setting by setting."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

from cfdist.config import Config
from cfdist.input.profile import Profile
from cfdist.schema import BASKET_ID


@dataclass(frozen=True)
class Advice:
    """One line for the user, and the setting (``section.key``) that it is about."""

    setting: str
    text: str


def advise(profile: Profile, config: Config) -> list[Advice]:
    """What the figures suggest, held against the limits and the sample of ``config``."""
    found = [*_about_rows(profile, config), *_about_users(profile, config)]
    return [*found, *_about_baskets(profile, config)]


def _about_rows(p: Profile, config: Config) -> Iterator[Advice]:
    limit, dropped = config.ingest.max_dropped_share, 1 - p.rows_used / p.rows_in
    if dropped > limit:
        yield Advice(
            "ingest.max_dropped_share",
            f"{dropped:.0%} of the rows cannot be used and a run stops above {limit:.0%}: if that "
            f"is how the table is, set max_dropped_share = {ceil(dropped * 20) / 20:.2f}",
        )
    if p.n_returns >= 0.01 * p.rows_in:
        yield Advice(
            "ingest.returns",
            f'{p.n_returns:,} rows ({p.n_returns / p.rows_in:.1%}) are returns: "drop" leaves '
            'the purchase as it was, "net" takes them off it',
        )
    if p.duplicate_share >= 0.005 and p.first_date:
        yield Advice(
            "matrix.aggregate",
            f"{p.duplicate_share:.1%} of the lines repeat another one, its date included: if the "
            "export doubled them, remove them, since every line counts",
        )
    if p.top_ten_share >= 0.3 and p.n_articles > 100:
        yield Advice(
            "recommend.method",
            f"ten articles make {p.top_ten_share:.0%} of the interactions: compare with "
            'method = "popular" to see what is gained',
        )


def _about_users(p: Profile, config: Config) -> Iterator[Advice]:
    single = p.n_users_with_one_article / max(1, p.n_users)
    if p.n_null_users >= 0.001 * p.rows_in:
        kept = "they still count for often bought together"
        lost = "with a basket column they could still count for often bought together"
        yield Advice(
            "ingest.columns",
            f"{p.n_null_users / p.rows_in:.1%} of the rows have no user: "
            f"{kept if p.basket_kind == BASKET_ID else lost}",
        )
    if single >= 0.5:
        yield Advice(
            "neighbors.n_similar_users",
            "most users have one article: similar users will be coarse; often bought together "
            "works all the same",
        )
    if p.interactions_per_user.max >= max(1000, 0.05 * p.rows_used):
        yield Advice(
            "ingest.columns",
            f"one user has {p.interactions_per_user.max / p.rows_used:.0%} of the interactions: "
            "if it is a till or a guest account, take it out",
        )
    if p.n_articles <= config.factorize.n_components:
        yield Advice(
            "factorize.n_components",
            f"at most {p.n_articles:,} components are used, as many as there are articles",
        )
    yield from _about_samples(p, config)


def _about_samples(p: Profile, config: Config) -> Iterator[Advice]:
    """How much of the users an experiment takes; silent where the profile saw a part of them."""
    percent, least = config.experiment.sample_percent, config.ingest.min_sample_users
    sampled = p.n_users * percent / 100
    if p.scope:
        return
    if p.n_users <= least:
        text = f"an experiment takes all of the {p.n_users:,} users: its minimum is {least:,}"
    elif sampled < least:
        text = f"{percent:g}% of {p.n_users:,} users are few: an experiment takes {least:,}"
    elif sampled > 10 * least:
        enough = max(0.01, round(500 * least / p.n_users, 2))
        text = f"{enough:g}% are {p.n_users * enough / 100:,.0f} users already: start with that"
    else:
        return
    yield Advice("experiment.sample_percent", text)


def _about_baskets(p: Profile, config: Config) -> Iterator[Advice]:
    if p.basket_kind != BASKET_ID:
        yield Advice("ingest.columns", f"there is no basket column: {p.basket_kind} is one basket")
    if p.n_null_baskets >= 0.05 * p.rows_in:
        yield Advice(
            "ingest.columns",
            f"{p.n_null_baskets / p.rows_in:.0%} of the rows have no basket: what their user takes "
            "on a day is one",
        )
    if p.large_basket_share:
        yield Advice(
            "ingest.max_basket_articles",
            f"{p.large_basket_share:.1%} of the baskets hold more than "
            f"{config.ingest.max_basket_articles} articles, up to {p.articles_per_basket.max:,}: "
            "they are skipped, since so large a basket says little about pairs",
        )
    if p.articles_per_basket.median == 1:
        yield Advice(
            "recommend.min_pair_count",
            "half of the baskets or more hold one article: if lists are short, try "
            "min_pair_count = 2",
        )
