"""What source code uses of a library: dotted chains of names, and how they are called."""

import ast
import importlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from rapids.described import signature_of

LIBRARIES = ("cupy", "cupyx", "cuml", "cuvs", "cudf", "rmm", "pylibraft", "dask_cuda", "pynvml")
NAMESPACE = "xp"
"""The name by which code for both backends calls NumPy or CuPy."""


class Use(NamedTuple):
    """A chain of names, and the call of it, if it is called."""

    line: int
    chain: tuple[str, ...]
    call: ast.Call | None


def problems(path: Path) -> list[str]:
    """Uses that the installed libraries do not have, or not with these parameters."""
    tree = ast.parse(path.read_text("utf-8"))
    roots = dict(imported(tree)) | {NAMESPACE: importlib.import_module("cupy")}
    found = [(use, problem(use, roots)) for use in uses(tree, roots)]
    return [f"{path.name}:{use.line}: {'.'.join(use.chain)}: {said}" for use, said in found if said]


def imported(tree: ast.Module) -> Iterator[tuple[str, Any]]:
    """Names that are bound to something of the libraries.

    Raises
    ------
    ImportError
        There is no such module or name.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                if name.name.split(".")[0] in LIBRARIES:
                    module = importlib.import_module(name.name)
                    first = importlib.import_module(name.name.split(".")[0])
                    yield (name.asname, module) if name.asname else (first.__name__, first)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in LIBRARIES:
            for name in node.names:
                yield name.asname or name.name, _member(str(node.module), name.name)


def _member(module: str, name: str) -> Any:
    owner = importlib.import_module(module)
    return getattr(owner, name) if hasattr(owner, name) else _module(f"{module}.{name}")


def _module(path: str) -> Any:
    return importlib.import_module(path)


def uses(tree: ast.Module, roots: Mapping[str, Any]) -> Iterator[Use]:
    """The longest chains that begin at a root: `xp.linalg.norm`, also of `backend.xp…`."""
    inner: set[int] = set()
    calls = {id(node.func): node for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in ast.walk(tree):  # outer nodes come before what they hold
        if isinstance(node, ast.Attribute | ast.Name) and id(node) not in inner:
            chain = _chain(node, inner)
            if chain and chain[0] in roots:
                yield Use(node.lineno, chain, calls.get(id(node)))


def _chain(node: ast.expr, inner: set[int]) -> tuple[str, ...]:
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        if node.attr == NAMESPACE:
            inner.update(map(id, ast.walk(node)))
            return tuple(reversed(names))
        node = node.value
        inner.add(id(node))
    return (node.id, *reversed(names)) if isinstance(node, ast.Name) else ()


def problem(use: Use, roots: Mapping[str, Any]) -> str:
    """What is wrong with a use; empty for nothing."""
    value = roots[use.chain[0]]
    for name in use.chain[1:]:
        if not hasattr(value, name):
            return f"there is no {name!r}"
        value = getattr(value, name)
    return _badly_called(value, use.call) if use.call is not None else ""


def _badly_called(value: Any, call: ast.Call) -> str:
    signature = signature_of(value)
    if signature is None:  # a ufunc, or nothing says it
        return ""
    spread = any(isinstance(argument, ast.Starred) for argument in call.args)
    words = {word.arg: None for word in call.keywords if word.arg}
    bind = signature.bind
    if spread or any(word.arg is None for word in call.keywords):
        bind = signature.bind_partial
    try:
        bind(*(() if spread else call.args), **words)
    except TypeError as error:
        return f"{error}; it takes {signature}"
    return ""
