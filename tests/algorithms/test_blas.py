from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Thread

import numpy as np  # noqa: F401  (its BLAS is what is limited)
import pytest
import scipy.linalg  # noqa: F401
from threadpoolctl import threadpool_info, threadpool_limits

from cfdist.algorithms.blas import OneBlasThread


def n_threads() -> set[int]:
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


@pytest.fixture(autouse=True)
def two_threads():
    with threadpool_limits(2, user_api="blas"):
        if n_threads() != {2}:
            pytest.skip("BLAS has one thread here")
        yield


def in_a_thread(call) -> None:
    thread = Thread(target=call)
    thread.start()
    thread.join()


def test_one_thread_inside_and_as_before_after():
    limit = OneBlasThread()
    with limit:
        assert n_threads() == {1}
        with limit:
            assert n_threads() == {1}
        assert n_threads() == {1}
    assert n_threads() == {2}


def test_a_thread_that_is_not_the_first_to_limit_is_obeyed():
    found = []

    def call():
        with OneBlasThread():
            found.append(n_threads())

    in_a_thread(call)
    in_a_thread(call)
    assert found == [{1}, {1}]
    assert n_threads() == {2}


def test_parts_that_overlap_keep_the_limit_until_the_last_ends():
    limit, first_in, second_in, first_out = OneBlasThread(), Barrier(2), Barrier(2), Barrier(2)
    found = []

    def first():
        with limit:
            first_in.wait()
            second_in.wait()
        first_out.wait()

    def second():
        first_in.wait()
        with limit:
            second_in.wait()
            first_out.wait()
            found.append(n_threads())

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda call: call(), (first, second)))
    assert found == [{1}]
    assert n_threads() == {2}


def test_an_error_inside_ends_it():
    with pytest.raises(KeyError), OneBlasThread():
        raise KeyError
    assert n_threads() == {2}
