from cfdist.backends.machine import Package
from cfdist.backends.pins import Conflict, conflicts, mend

RAPIDS = Package("rapids-dask-dependency", "26.10.0", ("dask<2026.7.2,>=2026.7.1", "bokeh<3.10"))
CUDF = Package("cudf-cu12", "26.10.2", ("numba<0.65.0,>=0.60.0", "pytest; extra == 'test'"))


def finder(**versions):
    return lambda name: Package(name, versions[name]) if name in versions else None


def test_all_pins_met():
    find = finder(dask="2026.7.1", bokeh="3.9.2", numba="0.64.0")
    assert conflicts([RAPIDS, CUDF], find) == []


def test_a_dask_that_rapids_does_not_take():
    find = finder(dask="2026.8.0", bokeh="3.9.2", numba="0.64.0")
    found = conflicts([RAPIDS, CUDF], find)
    assert found == [Conflict("dask", "2026.8.0", "<2026.7.2,>=2026.7.1", "rapids-dask-dependency")]
    assert mend(found) == "pip install 'dask<2026.7.2,>=2026.7.1'"


def test_what_is_missing_is_a_conflict_too_and_one_command_mends_all():
    found = conflicts([RAPIDS, CUDF, CUDF], finder(dask="2026.7.1", numba="0.68.1"))
    assert [(c.name, c.version) for c in found] == [("bokeh", ""), ("numba", "0.68.1")]
    command = mend(found)
    assert command.startswith("pip install ")
    assert "'bokeh<3.10'" in command
    assert "0.65.0" in command
