from types import SimpleNamespace

from conftest import quick_config
from numba.core.registry import cpu_target

from cfdist.cluster import open_cluster
from cfdist.pipeline import experiment
from cfdist.runs import kernels
from cfdist.runs.recording import recorded_run
from cfdist.stages.progress import Silence


class Notes(Silence):
    def __init__(self):
        self.told = []

    def note(self, message):
        self.told.append(message)


def test_kernels_are_compiled_where_their_files_lie(tmp_path, monkeypatch):
    real = next(v for v in vars(kernels.scoring).values() if isinstance(v, kernels.Dispatcher))
    monkeypatch.setattr(real, "_cache", SimpleNamespace(cache_path=str(tmp_path)))
    assert not kernels.are_compiled()
    (tmp_path / "scoring.fill-12.py311.nbi").touch()
    assert kernels.are_compiled()


def test_a_run_that_compiles_says_so(tmp_path, monkeypatch):
    for compiled in (False, True):
        monkeypatch.setattr(kernels, "are_compiled", lambda answer=compiled: answer)
        progress = Notes()
        experiment(quick_config(tmp_path), progress=progress)
        assert (kernels.COMPILING in progress.told) is not compiled


def test_only_a_run_that_computes_here_loads_here(tmp_path, monkeypatch):
    loaded = []
    monkeypatch.setattr(cpu_target.target_context, "refresh", lambda: loaded.append(1))
    config = quick_config(tmp_path)
    with open_cluster(config.cluster) as client:
        with recorded_run("experiment", config, client, Silence()):
            pass
        assert not loaded
    with recorded_run("experiment", config, None, Silence()):
        pass
    assert loaded == [1]
