"""What is said to do where a job does not fit: every change is tried on the plan."""

from dataclasses import replace

from hypothesis import given, settings
from plan_cases import MACHINE, SHOP, jobs, machines, sizes

from cfdist.plan import Job, make_plan
from cfdist.plan.remedies import remedies

MANY = replace(
    SHOP, rows=100_000_000, users=30_000_000, pairs=90_000_000, profiles=20_000_000,
    baskets=60_000_000, basket_entries=99_000_000,
)  # fmt: skip


def test_a_plan_that_fits_needs_none():
    assert remedies(make_plan(SHOP, Job(), MACHINE), MACHINE.memory_bytes) == []


def test_values_go_through_disk_first():
    plan = make_plan(MANY, Job(n_recommendations=100), replace(MACHINE, memory_bytes=60 * 10**9))
    assert not plan.fits
    found = remedies(plan, plan.machine.memory_bytes)
    assert found[0].change == "--set cluster.out_of_core=on"
    assert all(remedy.needed_bytes <= plan.usable_bytes for remedy in found)


def test_fewer_workers_have_more_memory_each():
    machine = replace(MACHINE, workers=8, threads=1, memory_bytes=10 * 10**9)
    plan = make_plan(MANY, Job(checkpoints=False), machine)
    changes = [remedy.change for remedy in remedies(plan, 8 * machine.memory_bytes)]
    assert any(change.startswith("--workers ") for change in changes)
    assert not any("out_of_core" in change for change in changes)


def test_a_sample_is_the_largest_that_fits():
    plan = make_plan(MANY, Job(), replace(MACHINE, memory_bytes=4 * 10**9))
    change = remedies(plan, plan.machine.memory_bytes)[-1].change
    percent = int(change.removeprefix("--sample-percent "))
    users = round(MANY.users * percent / 100)
    assert make_plan(MANY.with_users(users), Job(), plan.machine).fits


def test_none_is_made_up_where_nothing_helps():
    plan = make_plan(SHOP, Job(), replace(MACHINE, memory_bytes=10**8))
    assert remedies(plan, 10**8) == []


@settings(max_examples=30, deadline=None)
@given(sizes(), jobs(), machines())
def test_each_change_is_said_once_and_helps(shop, job, machine):
    plan = make_plan(shop, job, machine)
    found = remedies(plan, machine.n_workers * machine.memory_bytes)
    assert len({remedy.change for remedy in found}) == len(found)
    if plan.fits:
        assert not found
