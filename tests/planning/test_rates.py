"""The measurement of this machine."""

from cfdist.planning import rates
from cfdist.planning.rates import measure_rates


def test_every_rate_is_a_number_above_zero(monkeypatch):
    monkeypatch.setattr(rates, "BUDGET_S", 0.01)
    assert all(rate > 0 for rate in vars(measure_rates()).values())
