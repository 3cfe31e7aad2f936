import subprocess
import sys

HEAVY = ("dask", "distributed", "numpy", "pandas", "pyarrow", "numba", "cupy", "pydantic")


def loaded_after(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_import_loads_nothing_heavy():
    assert not loaded_after("import cfdist") & set(HEAVY)


def test_public_names_load_on_first_use():
    assert "distributed" in loaded_after("import cfdist; cfdist.train")


def test_help_loads_no_engine():
    assert not loaded_after("import cfdist.cli") & {"dask", "distributed", "pandas", "numba"}


def test_unknown_name_is_an_attribute_error():
    import cfdist

    assert not hasattr(cfdist, "trane")
