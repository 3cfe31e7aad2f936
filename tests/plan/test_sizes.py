"""Sizes of some of the users."""

import pytest
from plan_cases import SHOP

from cfdist.plan.sizes import assumed_search_share


def test_a_tenth_of_the_users_has_a_tenth_of_the_rows():
    tenth = SHOP.with_users(55_700)
    assert tenth.users == 55_700
    assert tenth.rows == pytest.approx(SHOP.rows / 10, rel=1e-3)
    assert tenth.articles == SHOP.articles
    assert tenth.profiles <= tenth.users
    assert tenth.search_share > SHOP.search_share


def test_more_users_than_there_are_change_nothing():
    assert SHOP.with_users(SHOP.users) is SHOP
    assert SHOP.with_users(10**9) is SHOP


def test_the_share_of_a_search_falls_with_its_rows():
    shares = [assumed_search_share(10**power) for power in range(1, 8)]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] == 1
