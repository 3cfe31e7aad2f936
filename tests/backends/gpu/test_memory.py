"""The peak of device memory, whatever cuDF puts above RMM's counters."""

import numpy as np


def test_the_peak_of_what_was_held(gpu):
    gpu.memory(restart_peak=True)
    before = gpu.memory().peak_bytes
    held = gpu.to_device(np.zeros(10**6))
    del held
    assert gpu.memory(restart_peak=True).peak_bytes - before >= 8 * 10**6
    assert gpu.memory().peak_bytes - before < 10**6


def test_it_is_counted_below_another_resource(gpu):
    import rmm.mr

    above = rmm.mr.FailureCallbackResourceAdaptor(rmm.mr.get_current_device_resource(), print)
    rmm.mr.set_current_device_resource(above)
    before = gpu.memory(restart_peak=True).peak_bytes
    held = gpu.to_device(np.zeros(10**6))
    assert gpu.memory().peak_bytes >= 8 * 10**6 > before or held is None


def test_a_matrix_of_rank_one_ends_without_cuml(gpu):
    tall, small = np.arange(12.0).reshape(6, 2), np.array([[1.0], [2.0]])
    values, vectors = gpu.truncated_svd(gpu.to_device(tall), small, 1)
    assert np.allclose(values, np.linalg.norm(tall @ small))
    assert vectors.shape == (1, 1)
