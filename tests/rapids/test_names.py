"""Every name and keyword that the GPU's code uses is there in the real wheels."""

import ast
from pathlib import Path

import pytest
from rapids.names_used import LIBRARIES, NAMESPACE, problems

PACKAGE = Path(__file__).parents[2] / "cfdist"


def mentions_a_device(path: Path) -> bool:
    """Whether the code imports a library of the device, or calls either namespace."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names = [name.name for name in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        else:
            if isinstance(node, ast.Name) and node.id == NAMESPACE:
                return True
            continue
        if any(name.split(".")[0] in LIBRARIES for name in names):
            return True
    return False


FILES = [path for path in sorted(PACKAGE.rglob("*.py")) if mentions_a_device(path)]


def test_there_is_something_to_check():
    assert PACKAGE / "backends" / "gpu" / "csr.py" in FILES


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_names_and_keywords_are_real(path):
    assert problems(path) == []


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import cupy\ncupy.errstate", "errstate"),
        ("import cupy as cp\ncp.argpartition(a, 3, kind='introselect')", "kind"),
        ("import cupy\ncupy.take(a, b, mode='clip')", "mode"),
        ("def f(xp):\n    xp.linalg.svd(a, hermitian=True)", "hermitian"),
        ("backend.xp.unique(a, sorted=False)", "sorted"),
        ("from cuml import TruncatedSVD\nTruncatedSVD(svd_solver='full')", "svd_solver"),
        ("from cuvs.neighbors import brute_force\nbrute_force.search(index, rows)", "k"),
        ("import cudf\ncudf.read_parquet(path, blocks=3)", ""),
        ("import cudf\ncudf.DataFrame.sort(1)", "sort"),
        ("import cupy\ncupy.sum(a, where=b)", "where"),
    ],
)
def test_what_is_not_there_is_found(code, said, tmp_path):
    path = tmp_path / "code.py"
    path.write_text(code)
    found = problems(path)
    assert (said in found[0]) if said else not found
