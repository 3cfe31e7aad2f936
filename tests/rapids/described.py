"""What one public name of a library is, as a line of text: its kind and its parameters."""

import ast
import inspect
import re
import types
from collections.abc import Iterator
from functools import cached_property
from typing import Any

UNKNOWN = "?"
DESCRIPTORS = (property, cached_property, types.GetSetDescriptorType, types.MemberDescriptorType)
LITERALS = (type(None), bool, int, float, str)
BRACKETS = {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}


class Unsaid:
    """A default that is no literal, printed as three dots."""

    def __repr__(self) -> str:
        return "..."


def described(owner: Any, name: str) -> str:
    """Kind and parameters of ``owner.name`` in the format of `tests/strict/README.md`."""
    stored = inspect.getattr_static(owner, name)
    if isinstance(owner, type) and isinstance(stored, DESCRIPTORS):
        return "property"
    value = getattr(owner, name)
    if isinstance(value, types.ModuleType):
        return "module"
    if type(value).__name__ == "ufunc":
        return "ufunc"
    if isinstance(value, type):
        return f"class {parameters_of(value)}"
    if not callable(value):
        return "property" if isinstance(owner, type) else "value"
    if not isinstance(owner, type):
        return f"function {parameters_of(value)}"
    if isinstance(stored, (classmethod, staticmethod)):
        return f"static {parameters_of(value)}"
    return f"method {parameters_of(value, without_first=True)}"


def parameters_of(value: Any, *, without_first: bool = False) -> str:
    """The parameters in parentheses, or ``?`` where neither signature nor docstring has them."""
    signature = signature_of(value)
    if signature is None:
        return UNKNOWN
    given = list(signature.parameters.values())
    if without_first and given and given[0].kind != inspect.Parameter.VAR_POSITIONAL:
        del given[0]
    return str(inspect.Signature([_bare(parameter) for parameter in given]))


def _bare(parameter: inspect.Parameter) -> inspect.Parameter:
    """The parameter without its annotation; what is no literal becomes three dots."""
    default = parameter.default
    if default is not parameter.empty and type(default) not in LITERALS:
        default = Unsaid()
    if isinstance(default, float) and default - default != 0:  # inf and nan are not literals
        default = Unsaid()
    return parameter.replace(annotation=parameter.empty, default=default)


def signature_of(value: Any) -> inspect.Signature | None:
    """Signature of a callable, or what its docstring says; None where nothing says it."""
    try:
        return inspect.signature(value)
    except (TypeError, ValueError):  # compiled: Cython writes it as the docstring's first line
        return _documented(value)


def _documented(value: Any) -> inspect.Signature | None:
    documentation = inspect.getdoc(value) or ""
    name = getattr(value, "__name__", "")
    opening = re.match(rf"(?:\w+\.)*{re.escape(name)}\(", documentation) if name else None
    if opening is None:
        return None
    inside = _inside(documentation[opening.end() :])
    try:
        return inspect.Signature(list(_documented_parameters(inside)))
    except (SyntaxError, ValueError):
        return None


def _inside(text: str) -> str:
    """The text up to the parenthesis that closes what was opened before it."""
    depth = 1
    for position, character in enumerate(text):
        depth += BRACKETS.get(character, 0)
        if depth == 0:
            return text[:position]
    raise ValueError("the parenthesis is not closed")


def _pieces(text: str) -> Iterator[str]:
    """The text cut at the commas that stand in no brackets."""
    depth, start = 0, 0
    for position, character in enumerate(text):
        depth += BRACKETS.get(character, 0)
        if character == "," and depth == 0:
            yield text[start:position].strip()
            start = position + 1
    if text[start:].strip():
        yield text[start:].strip()


def _documented_parameters(inside: str) -> Iterator[inspect.Parameter]:
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    pieces = list(_pieces(inside))
    before_slash = pieces.index("/") if "/" in pieces else -1
    for place, piece in enumerate(pieces):
        if piece == "/":
            continue
        if piece == "*":
            kind = inspect.Parameter.KEYWORD_ONLY
            continue
        declared, _, default = piece.partition("=")
        name = declared.split(":")[0].split()[-1]  # Cython says `int axis`
        if name.startswith("**"):
            yield inspect.Parameter(name[2:], inspect.Parameter.VAR_KEYWORD)
        elif name.startswith("*"):
            yield inspect.Parameter(name[1:], inspect.Parameter.VAR_POSITIONAL)
            kind = inspect.Parameter.KEYWORD_ONLY
        else:
            positional = place < before_slash
            how = inspect.Parameter.POSITIONAL_ONLY if positional else kind
            yield inspect.Parameter(name, how, default=_literal(default))


def _literal(text: str) -> Any:
    """The default that the text says; ``empty`` without a text, three dots for no literal."""
    if not text:
        return inspect.Parameter.empty
    try:
        return ast.literal_eval(text.strip())
    except (SyntaxError, ValueError):
        return Unsaid()
