"""Properties of plans: what may grow with what, and that the parts add up."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plan_cases import MACHINE, SHOP, jobs, machines, sizes

from cfdist.plan import Job, make_plan
from cfdist.plan.constants import MIN_WORKER_BYTES, PAUSE_SHARE
from cfdist.plan.gpu.host import ON_DEVICE
from cfdist.plan.plan import REST


@settings(max_examples=50, deadline=None)
@given(sizes(), jobs(), machines())
def test_terms_add_up_and_the_peak_is_the_largest_stage(shop, job, machine):
    plan = make_plan(shop, job, machine)
    for stage in plan.stages:
        assert stage.peak_bytes == sum(term.bytes for term in stage.terms)
        assert all(term.bytes >= 0 for term in stage.terms)
        assert stage.needed_bytes <= stage.peak_bytes
        assert stage.seconds >= 0
        assert stage.output_bytes >= 0
    assert plan.needed_bytes == max(stage.needed_bytes for stage in plan.stages)
    assert plan.seconds == pytest.approx(sum(stage.seconds for stage in plan.stages))
    assert plan.stages[-1].name == REST


@settings(max_examples=50, deadline=None)
@given(sizes(), jobs(), machines(), st.integers(2, 5))
def test_more_of_everything_takes_no_less(shop, job, machine, times):
    """Users, rows, pairs, histories and baskets together: one shop, longer.

    Seconds with one thread: more blocks also keep more threads at work.
    """
    machine = replace(machine, workers=0)
    shop = replace(shop, users=shop.users + 5000, articles=shop.articles + 600)
    larger = replace(
        shop,
        **{
            name: getattr(shop, name) * times
            for name in ("rows", "rows_read", "users", "pairs", "profiles", "baskets",
                         "basket_entries", "basket_work")
        },
    )  # fmt: skip
    small, large = (make_plan(one, job, machine) for one in (shop, larger))
    assert large.needed_bytes >= small.needed_bytes
    alone = replace(machine, threads=1)
    assert make_plan(larger, job, alone).seconds >= make_plan(shop, job, alone).seconds
    assert large.output_bytes >= small.output_bytes


@settings(max_examples=50, deadline=None)
@given(sizes(), jobs(), machines(), st.integers(1, 100))
def test_more_components_take_no_less(shop, job, machine, more):
    shop = replace(shop, users=shop.users + 5000, articles=shop.articles + 600)
    wider = replace(job, n_components=job.n_components + more)
    assert (
        make_plan(shop, wider, machine).needed_bytes >= make_plan(shop, job, machine).needed_bytes
    )
    assert make_plan(shop, wider, machine).seconds >= make_plan(shop, job, machine).seconds


@settings(max_examples=50, deadline=None)
@given(sizes(), jobs(), machines(), st.integers(1, 16))
def test_more_workers_never_raise_the_peak_of_one(shop, job, machine, more):
    """Values in parts are shared among more workers, and what is copied stays what it is."""
    few = replace(machine, workers=max(1, machine.workers))
    many = replace(few, workers=few.workers + more)
    job = replace(job, hold_out_users=0)
    assert make_plan(shop, job, many).needed_bytes <= make_plan(shop, job, few).needed_bytes


@settings(max_examples=50, deadline=None)
@given(sizes(), jobs(), machines(), st.integers(0, 10**12))
def test_more_memory_never_makes_a_plan_not_fit(shop, job, machine, more):
    plan = make_plan(shop, job, machine)
    richer = make_plan(shop, job, replace(machine, memory_bytes=machine.memory_bytes + more))
    assert richer.fits or not plan.fits


@settings(max_examples=50, deadline=None)
@given(sizes(), jobs(), machines())
def test_the_least_memory_limit_is_enough_and_little_more(shop, job, machine):
    least = make_plan(shop, job, machine).least_memory_limit
    assert make_plan(shop, job, replace(machine, memory_bytes=least)).fits
    if least > MIN_WORKER_BYTES:
        assert not make_plan(shop, job, replace(machine, memory_bytes=least - 2 * 10**8)).fits


@settings(max_examples=30, deadline=None)
@given(sizes(), jobs(), machines())
def test_values_in_files_need_no_more_than_values_in_memory(shop, job, machine):
    through_disk = make_plan(shop, replace(job, out_of_core=True), machine)
    assert (
        through_disk.needed_bytes
        <= make_plan(shop, replace(job, out_of_core=False), machine).needed_bytes
    )


def test_the_reference_shop():
    """The sizes at which the figures were taken, as a guard against a slip in a formula."""
    plan = make_plan(SHOP, Job(), MACHINE)
    assert plan.fits
    assert plan.svd_method == "block krylov"
    assert 0.9e9 < plan.needed_bytes < 1.3e9
    assert plan.peak.name in ("recommend", "publish", "neighbors")
    assert plan.output_bytes == pytest.approx(440e6, rel=0.05)
    assert plan.checkpoint_bytes == pytest.approx(470e6, rel=0.05)
    assert plan.usable_bytes == int(PAUSE_SHARE * MACHINE.memory_bytes)


def test_rows_of_many_parts_wait_in_files():
    few, many = (replace(SHOP, read_tasks=tasks, rows=50_000_000) for tasks in (64, 65))
    peaks = [make_plan(shop, Job(), MACHINE).stage("ingest").peak_bytes for shop in (few, many)]
    assert peaks[1] < 0.6 * peaks[0]


def test_a_machine_twice_as_fast_takes_half_of_the_shared_work():
    slow = make_plan(SHOP, Job(), MACHINE)
    rates = MACHINE.rates
    fast = replace(rates, **{name: 2 * rate for name, rate in vars(rates).items()})
    assert make_plan(SHOP, Job(), replace(MACHINE, rates=fast)).seconds < 0.6 * slow.seconds


def test_the_svd_by_shape():
    few_articles = replace(SHOP, articles=512)
    few_users = replace(SHOP, users=4096, profiles=4096)
    assert make_plan(few_articles, Job(), MACHINE).svd_method == "gram"
    assert make_plan(few_users, Job(), MACHINE).svd_method == "gram of users"
    assert make_plan(few_users, Job(), MACHINE).n_passes == 1
    assert make_plan(SHOP, Job(svd_iterations=4), MACHINE).n_passes == 4


def test_without_similar_users_there_is_no_search_of_them():
    plan, without = (make_plan(SHOP, Job(n_similar_users=n), MACHINE) for n in (20, 0))
    assert without.stage("neighbors").seconds < plan.stage("neighbors").seconds / 2
    assert without.stage("neighbors").output_bytes < plan.stage("neighbors").output_bytes / 10


def test_a_gpu_that_is_described_is_planned_for():
    assert make_plan(SHOP, Job(), MACHINE).device is None
    assert make_plan(SHOP, Job(), MACHINE).fits_gpu is None
    described = replace(MACHINE, gpus=1, gpu_memory_bytes=80 * 10**9, gpu_usable_bytes=56 * 10**9)
    assert make_plan(SHOP, Job(), described).fits_gpu
    small = make_plan(SHOP, Job(), replace(described, gpu_usable_bytes=10**8))
    assert not small.fits_gpu
    assert small.fits  # the CPU computes
    assert not make_plan(SHOP, Job(), replace(small.machine, backend="gpu")).fits


@settings(max_examples=30, deadline=None)
@given(sizes(), jobs(), machines(), st.integers(1, 8))
def test_where_gpus_compute_the_host_holds_no_value_of_theirs(shop, job, machine, gpus):
    on_gpu = make_plan(shop, job, replace(machine, backend="gpu", gpus=gpus))
    for stage in on_gpu.stages:
        assert not ON_DEVICE & {term.name for term in stage.terms}
    assert on_gpu.fits_gpu is None  # nothing is known of their memory


def test_the_hold_out_measures_at_most_so_many_users():
    whole, none = make_plan(SHOP, Job(), MACHINE), make_plan(SHOP, Job(hold_out_users=0), MACHINE)
    assert "hold_out" in [stage.name for stage in whole.stages]
    assert "hold_out" not in [stage.name for stage in none.stages]
    twice = replace(SHOP, rows=2 * SHOP.rows, users=2 * SHOP.users, pairs=2 * SHOP.pairs)
    stages = [make_plan(shop, Job(), MACHINE).stage("hold_out") for shop in (SHOP, twice)]
    assert stages[0].seconds == pytest.approx(stages[1].seconds, rel=0.05)
