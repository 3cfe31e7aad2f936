import numpy as np
import psutil

from cfdist.cluster.plugins import trim_memory


def test_trimming_gives_freed_memory_back():
    process = psutil.Process()
    blocks = [np.ones(30_000) for _ in range(400)]  # below the size that the heap maps by itself
    kept = [np.ones(30_000) for _ in range(0, 400, 40)]
    full = process.memory_info().rss
    del blocks
    trim_memory()
    assert process.memory_info().rss < full - 50_000_000
    assert all(block[0] == 1 for block in kept)
