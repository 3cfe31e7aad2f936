"""A memory of stages that forgets what was not used lately."""

from typing import Any

from cfdist.stages.context import Artifact


class RecentArtifacts(dict[str, Artifact]):
    """Artifacts by key, for ``Context.memory``; :meth:`forget` bounds how many stay.

    Examples
    --------
    >>> memory = RecentArtifacts(a=1)
    >>> memory.forget(), memory.forget(), list(memory)
    (None, None, [])
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._kept: set[str] = set()
        self._used: set[str] = set()
        self._used_before: set[str] = set(self)

    def get(self, key: str, default: Any = None) -> Any:
        """The artifact, which counts as used now."""
        self._used.add(key)
        return super().get(key, default)

    def __setitem__(self, key: str, artifact: Artifact) -> None:
        self._used.add(key)
        super().__setitem__(key, artifact)

    def keep(self) -> None:
        """Never forget what is here now."""
        self._kept |= set(self)

    def forget(self) -> None:
        """A trial has ended: drop what neither it nor the one before used."""
        for key in set(self) - self._kept - self._used - self._used_before:
            del self[key]
        self._used, self._used_before = set(), self._used
