"""Wall time, processor time and memory of processes with a known need."""

import sys
from pathlib import Path

import pytest
from clock import MachineClock
from cold_run import RunFailed, run_cold
from memory import held_by_tree
from report import ratios, summarize_runs, table_lines

MIB = 2**20
HOLD = "x = bytearray(100 * 2**20); import time; time.sleep(0.6)"
WITH_CHILD = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {HOLD!r}]); {HOLD}"
SAY = "; print('a line'); print('{\"seconds\": {}}')"

needs_proc = pytest.mark.skipif(
    not Path("/proc/self/smaps_rollup").exists(), reason="there is no /proc/self/smaps_rollup"
)


def run_python(code: str, folder: Path):
    return run_cold([sys.executable, "-c", code], folder, {})


@needs_proc
def test_peak_memory_is_what_the_process_held(tmp_path: Path) -> None:
    run = run_python(HOLD + SAY, tmp_path)
    assert 100 * MIB < run.peak_bytes < 130 * MIB


@needs_proc
def test_memory_of_children_counts(tmp_path: Path) -> None:
    parent = f"y = bytearray(100 * 2**20); {WITH_CHILD}"
    run = run_python(parent + SAY, tmp_path)
    assert 200 * MIB < run.peak_bytes < 250 * MIB


def test_memory_of_a_process_that_ended_is_zero() -> None:
    assert held_by_tree(2**22 + 1) == (0, 0)


@needs_proc
def test_mapped_files_are_no_anonymous_memory(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"x" * 50 * MIB)
    opened = f"import mmap; f = open({str(file)!r}, 'rb'); m = mmap.mmap(f.fileno(), 0, prot=1)"
    run = run_python(f"{opened}; m.find(b'y'); {HOLD}{SAY}", tmp_path)
    assert 150 * MIB < run.peak_bytes < 180 * MIB
    assert run.peak_bytes - run.anonymous_bytes > 50 * MIB
    assert run.anonymous_bytes > 100 * MIB


def test_wall_time_covers_the_whole_process(tmp_path: Path) -> None:
    run = run_python("import time; time.sleep(0.5)" + SAY, tmp_path)
    assert run.wall_s > 0.5
    assert run.cpu_s < run.wall_s
    assert run.seconds == {"rest": run.wall_s}


def test_processor_time_is_the_childs_alone(tmp_path: Path) -> None:
    clock = MachineClock()
    run = run_python("sum(range(10**7))" + SAY, tmp_path)
    sum(range(10**7))
    clock.stop()
    assert run.cpu_s > 0.02
    assert clock.cpu_s == pytest.approx(run.cpu_s, abs=0.01)


def test_a_failed_process_is_an_error_with_its_words(tmp_path: Path) -> None:
    with pytest.raises(RunFailed, match=r"(?s)ended with 1.*no such thing"):
        run_python("raise SystemExit('no such thing')", tmp_path)


def test_ratios_are_peer_over_cfdist() -> None:
    stages = ("ingest", "index", "matrix", "factorize", "neighbors", "recommend", "publish")
    ours = _summary(dict.fromkeys(stages, 1.0), wall_s=10.0)
    theirs = _summary(dict.fromkeys(stages, 4.0), wall_s=50.0)
    found = ratios(ours, theirs)
    assert found["neighbors"] == 4
    assert found["total"] == 5
    assert found["rest"] == pytest.approx((50 - 28) / (10 - 7))
    assert len(table_lines(ours, theirs)) == len(table_lines(ours, None)) == 13


def _summary(seconds: dict[str, float], wall_s: float) -> dict:
    from cold_run import ColdRun

    return summarize_runs([ColdRun(wall_s, MIB, 1.0, 0.0, {"seconds": seconds})])
