"""Properties of the plan of GPUs: what grows with what, what workers share."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plan_cases import MACHINE, SHOP, jobs, sizes

from cfdist.plan import Job
from cfdist.plan.gpu import make_device_plan
from cfdist.plan.gpu.case import STAGES, VALUES
from cfdist.plan.gpu.plan import WAYS

GPU = replace(MACHINE, gpus=1, gpu_memory_bytes=80 * 10**9, gpu_usable_bytes=56 * 10**9)


def gpus(number: int):
    return replace(GPU, gpus=number)


@settings(max_examples=50, deadline=None)
@given(sizes(), jobs(), st.integers(1, 16))
def test_the_peak_is_the_largest_stage_and_a_stage_the_sum_of_its_terms(shop, job, number):
    plan = make_device_plan(shop, job, gpus(number))
    for stage in plan.stages:
        assert stage.peak_bytes == sum(term.bytes for term in stage.terms)
        assert all(term.bytes > 0 for term in stage.terms)
        assert all(one.bytes >= 0 and one.way in WAYS for one in stage.traffic)
        assert len({term.name for term in stage.terms}) == len(stage.terms)
    assert plan.peak_bytes == max(stage.peak_bytes for stage in plan.stages)
    assert plan.fits == (plan.peak_bytes <= plan.usable_bytes)
    assert [stage.name for stage in plan.stages if stage.name != "hold_out"] == [
        name for name in STAGES if name != "hold_out"
    ]


@settings(max_examples=50, deadline=None)
@given(sizes(), jobs(), st.integers(1, 16), st.integers(1, 16))
def test_more_gpus_never_raise_the_peak_of_one(shop, job, number, more):
    few, many = (make_device_plan(shop, job, gpus(n)) for n in (number, number + more))
    for one, other in zip(few.stages, many.stages, strict=True):
        assert other.peak_bytes <= one.peak_bytes


@settings(max_examples=50, deadline=None)
@given(sizes(), jobs(), st.integers(1, 8), st.integers(2, 5))
def test_more_of_everything_takes_no_less(shop, job, number, times):
    """One shop, longer; above the sizes where another way of the SVD would be taken."""
    job = replace(job, hold_out_users=0)
    shop = replace(shop, users=shop.users + 5000, articles=shop.articles + 600)
    names = ("rows", "rows_read", "users", "pairs", "profiles", "baskets", "basket_entries")
    # as many parts of the input and blocks per row: otherwise a longer shop comes in smaller ones
    shop = replace(shop, read_tasks=1, rows=max(shop.rows, 2**30))
    larger = replace(shop, **{name: getattr(shop, name) * times for name in names})
    small, large = (make_device_plan(one, job, gpus(number)) for one in (shop, larger))
    lying = [
        [
            sum(t.bytes for t in stage.terms if t.kind in ("held", "replicated"))
            for stage in p.stages
        ]
        for p in (small, large)
    ]
    assert all(one <= other for one, other in zip(*lying, strict=True))
    for way in WAYS[1:]:
        assert small.moved(way) <= large.moved(way) + 2**20


@settings(max_examples=50, deadline=None)
@given(sizes(), jobs(), st.integers(1, 16))
def test_one_gpu_moves_nothing_between_workers(shop, job, number):
    plan = make_device_plan(shop, job, gpus(number))
    assert (plan.moved("between workers") > 0) == (number > 1)


@settings(max_examples=30, deadline=None)
@given(sizes(), jobs(), st.integers(2, 16))
def test_values_in_blocks_are_divided_and_whole_ones_are_not(shop, job, number):
    job = replace(job, out_of_core=False)
    one, many = (make_device_plan(shop, job, gpus(n)) for n in (1, number))
    blocks = max(1, min(number, len(range(0, shop.rows, 2**18))))
    for stage in one.stages:
        shared = {term.name: term.bytes for term in many.stage(stage.name).terms}
        for term in stage.terms:
            if term.kind == "replicated":
                assert shared[term.name] == term.bytes
            elif term.kind == "held":
                assert shared[term.name] >= term.bytes // number
                if blocks > 1:
                    assert shared[term.name] < term.bytes


@settings(max_examples=30, deadline=None)
@given(sizes(), jobs())
def test_out_of_core_only_what_a_task_is_given_is_on_the_device(shop, job):
    in_memory, through_disk = (
        make_device_plan(shop, replace(job, out_of_core=flag), GPU) for flag in (False, True)
    )
    for one, other in zip(in_memory.stages, through_disk.stages, strict=True):
        if one.name == "hold_out":
            continue
        names = {value.name for value in VALUES if one.name in value.read_by}
        lying = {term.name for term in other.terms} & {value.name for value in VALUES}
        assert lying <= names
        assert all(term.kind == "in flight" for term in other.terms)
    assert through_disk.moved("to the device") > in_memory.moved("to the device")


def test_more_components_take_more():
    peaks = [
        make_device_plan(SHOP, Job(n_components=n), GPU).stage("factorize").peak_bytes
        for n in (16, 64, 256)
    ]
    assert peaks == sorted(set(peaks))


def test_without_checkpoints_less_goes_to_the_host():
    kept, unkept = (make_device_plan(SHOP, Job(checkpoints=flag), GPU) for flag in (True, False))
    assert unkept.stage("factorize").moved("to the host") < 10**7
    assert kept.stage("factorize").moved("to the host") > 4 * 50 * SHOP.users


@pytest.mark.parametrize(
    ("shape", "term"),
    [
        ({"articles": 400}, "Gram matrix of a block"),
        ({"users": 3000, "profiles": 3000}, "Gram matrix of users"),
        ({"articles": 10**6}, "basis and image as they grow"),
    ],
)
def test_the_svd_by_shape(shape, term):
    stage = make_device_plan(replace(SHOP, **shape), Job(), GPU).stage("factorize")
    assert term in {one.name for one in stage.terms}


def test_the_reference_shop_fits_every_gpu():
    """The sizes at which the CPU's figures were taken, as a guard against a slip in a formula."""
    plan = make_device_plan(SHOP, Job(), GPU)
    assert plan.fits
    assert 0.5e9 < plan.peak_bytes < 3e9
