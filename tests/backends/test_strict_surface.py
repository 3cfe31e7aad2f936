"""What the stand-ins offer is what was recorded from the real wheels."""

import importlib
import inspect
import json
from pathlib import Path

import pytest
from strict.installing import strict_packages

FOLDER = Path(__file__).parents[1] / "strict"
TABLES = {
    "cupy": ("functions.OWN", "memory_pool.OWN"),
    "cupy.linalg": ("linear_algebra.OWN",),
    "cupy.cuda": ("devices.CUDA", "memory_pool.CUDA"),
    "cupy.cuda.runtime": ("devices.RUNTIME",),
    "cupy.cuda.memory": ("memory_pool.MEMORY",),
    "cupyx": ("error_state.OWN", "scattering.OWN"),
    "cupyx.scipy.sparse": ("sparse.OWN",),
    "cuml": ("truncated_svd.OWN",),
    "cuvs.common": ("handles.CUVS",),
    "cuvs.neighbors.brute_force": ("brute_force.OWN",),
    "cuvs.neighbors.filters": ("brute_force.FILTERS",),
    "cudf": ("frame_files.OWN",),
    "rmm": ("rapids_memory.OWN",),
    "rmm.mr": ("rapids_memory.MR",),
    "rmm.allocators.cupy": ("rapids_memory.CUPY",),
    "rmm.statistics": ("statistics.OWN",),
    "pylibraft.common": ("handles.RAFT",),
}
CLASSES = {
    "cupy.ndarray": "array.ndarray",
    "cupy.cuda.Device": "devices.Device",
    "cupy.cuda.MemoryPool": "memory_pool.MemoryPool",
    "cupyx.scipy.sparse.csr_matrix": "sparse.csr_matrix",
    "cupyx.scipy.sparse.csc_matrix": "sparse.csc_matrix",
    "cuml.TruncatedSVD": "truncated_svd.TruncatedSVD",
    "cuvs.common.Resources": "handles.Resources",
    "cuvs.neighbors.brute_force.Index": "brute_force.Index",
    "cudf.DataFrame": "data_frame.DataFrame",
    "cudf.Series": "series.Series",
    "cudf.Index": "series.Index",
}
FREE = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


@pytest.fixture(scope="module")
def surface():
    with strict_packages():
        yield importlib.import_module("strict_device.surface")


def found(address):
    module, _, name = address.partition(".")
    return getattr(importlib.import_module(f"strict_device.{module}"), name)


def recorded(surface, path, name):
    """Names of the recorded parameters, or None where nobody knows them."""
    binder = surface.binder(path, name)
    return None if binder is None else list(inspect.signature(binder).parameters)


@pytest.mark.parametrize("path", TABLES)
def test_every_name_and_parameter_of_a_module_is_real(surface, path):
    own = {name: what for table in TABLES[path] for name, what in found(table).items()}
    assert set(own) <= set(surface.names(path))
    for name, what in own.items():
        if inspect.isfunction(what):
            mine = inspect.signature(what).parameters.values()
            if recorded(surface, path, name) is None or any(one.kind in FREE for one in mine):
                continue
            assert [one.name for one in mine] == recorded(surface, path, name), name


@pytest.mark.parametrize("path", CLASSES)
def test_every_public_name_of_a_class_is_real(surface, path):
    mine = {name for name in dir(found(CLASSES[path])) if not name.startswith("_")}
    assert mine - set(surface.names(path)) == set()


def test_a_module_lists_the_recorded_names(surface):
    import cupy

    assert dir(cupy) == sorted(surface.names("cupy"))
    assert cupy.__version__ == surface.version("cupy")


def test_a_real_name_that_is_not_stood_in_for_says_so():
    import cupy

    with pytest.raises(NotImplementedError, match="real, but the stand-in does not have it yet"):
        cupy.RawKernel  # noqa: B018


@pytest.mark.parametrize("path", sorted((FOLDER / "surface").glob("*.json")), ids=lambda p: p.stem)
def test_a_recorded_file_is_as_the_page_says(path):
    text = path.read_text()
    document = json.loads(text)
    assert document.keys() == {"library", "names", "version"}
    assert document["library"] == path.stem
    kinds = {entry.split()[0] for names in document["names"].values() for entry in names.values()}
    assert kinds <= {
        "class",
        "function",
        "method",
        "module",
        "property",
        "static",
        "ufunc",
        "value",
    }
    assert text.rstrip() == json.dumps(document, indent=1, sort_keys=True)


def test_no_code_of_cfdist_knows_of_the_stand_ins():
    sources = (FOLDER.parents[1] / "cfdist").rglob("*.py")
    assert not [path for path in sources if "strict_device" in path.read_text()]
