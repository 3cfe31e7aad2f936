"""A published build, for reading. Nothing here computes, and nothing needs a cluster."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from cfdist.builds import log
from cfdist.builds.files import sha256_of
from cfdist.builds.manifest import MANIFEST, Manifest, parse_manifest
from cfdist.errors import BuildError, DataError
from cfdist.schema import ARTICLE_ID, RELATION, USER_ID

if TYPE_CHECKING:
    import dask.dataframe as dd
    import pandas as pd

USER_TABLE = "cf_user_based_recommendations"
ITEM_TABLE = "cf_item_based_recommendations"
TABLES = (USER_TABLE, ITEM_TABLE, "similar_users", "users", "articles")


@dataclass(frozen=True)
class Build:
    """One published build.

    Attributes
    ----------
    path : Path
        Folder of the build.
    manifest : Manifest
    """

    path: Path
    manifest: Manifest = field(repr=False)

    @property
    def id(self) -> str:
        """Name of the build."""
        return self.manifest.build

    @property
    def metrics(self) -> dict[str, Any]:
        """Content of ``metrics.json``."""
        return dict(json.loads((self.path / "metrics.json").read_text()))

    def files_of(self, table: str) -> list[str]:
        """Paths of a table's parts, as the manifest names them."""
        prefix = f"{table}.parquet/"
        return [str(self.path / f.name) for f in self.manifest.files if f.name.startswith(prefix)]

    def dataset(self, table: str) -> ds.Dataset:
        """A table as a lazy Arrow dataset.

        Raises
        ------
        BuildError
            The build has no such table.
        """
        files = self.files_of(table)
        if not files:
            names = {f.name.split(".parquet/")[0] for f in self.manifest.files if "/" in f.name}
            raise BuildError(f"build {self.id} has no table {table!r}", remedy=_one_of(names))
        return ds.dataset(files, format="parquet")

    def arrow(self, table: str) -> pa.Table:
        """A whole table in memory."""
        return self.dataset(table).to_table()

    def pandas(self, table: str) -> "pd.DataFrame":
        """A whole table as a pandas frame."""
        frame: pd.DataFrame = self.arrow(table).to_pandas()
        return frame

    def dask(self, table: str) -> "dd.DataFrame":
        """A table as a lazy Dask frame, a partition per part."""
        import dask.dataframe as dd

        return dd.read_parquet(self.files_of(table))

    def array(self, name: str) -> np.ndarray[Any, Any]:
        """One ``.npy`` of the build by its name, such as ``item_latent_factors``, memory-mapped."""
        array: np.ndarray[Any, Any]
        array = np.load(self.path / f"{name}.npy", mmap_mode="r", allow_pickle=False)
        return array

    def recommendations(self, users: list[str | int]) -> pa.Table:
        """Rows of the users' lists, by user and rank; unknown users have none."""
        wanted = self._ids(users, self.manifest.user_type)
        return self.dataset(USER_TABLE).to_table(filter=pc.field(USER_ID).isin(wanted))

    def partners(self, articles: list[str | int], relation: str | None = None) -> pa.Table:
        """Rows of the articles' partners, by article, relation and rank."""
        wanted = self._ids(articles, self.manifest.article_type)
        condition = pc.field(ARTICLE_ID).isin(wanted)
        table = self.dataset(ITEM_TABLE).to_table(filter=condition)
        if relation is None:
            return table
        return table.filter(pc.equal(table[RELATION].cast(pa.string()), relation))

    def articles(self, articles: pa.Array) -> pa.Table:
        """Rows of the articles table, for names."""
        return self.dataset("articles").to_table(filter=pc.field(ARTICLE_ID).isin(articles))

    def check(self) -> None:
        """Compare every file with its hash in the manifest.

        Raises
        ------
        BuildError
            A file is missing or differs.
        """
        for entry in self.manifest.files:
            path = self.path / entry.name
            if not path.is_file() or sha256_of(path) != entry.sha256:
                raise BuildError(f"{path}: is missing or was changed", remedy="publish again")

    @staticmethod
    def _ids(ids: list[str | int], kind: str) -> pa.Array:
        try:
            values = [int(i) for i in ids] if kind == "int64" else [str(i) for i in ids]
        except ValueError as error:
            raise DataError(
                f"ids of this build are whole numbers: {error}",
                remedy="see users.parquet and articles.parquet of the build",
            ) from None
        return pa.array(values, pa.int64() if kind == "int64" else pa.string())


def load_build(path: str | Path = "data/recommendations", build: str | None = None) -> Build:
    """The live build of a root, or the one named.

    Parameters
    ----------
    path : str or Path
        The root that ``train`` published to, or the folder of one build.
    build : str, optional
        Name of a build in that root.

    Raises
    ------
    BuildError
        Nothing is published there, or the manifest is damaged or of a newer format.
    """
    root = Path(path)
    if build is None and (root / MANIFEST).is_file() and not (root / log.LOG).is_dir():
        return _read(root)
    entry = None if build else log.live_entry(root)
    if build is None and entry is None:
        raise BuildError(
            f"nothing is published in {root}", remedy="run `cfdist train` first, or name the folder"
        )
    return _read(log.build_folder(root, build or entry.build), entry)  # type: ignore[union-attr]


def _one_of(names: set[str]) -> str:
    return f"it has {', '.join(sorted(names))}"


def _read(folder: Path, entry: log.Entry | None = None) -> Build:
    file = folder / MANIFEST
    if not file.is_file():
        raise BuildError(f"{file} is missing", remedy="see `cfdist builds list`")
    if entry is not None and sha256_of(file) != entry.manifest_sha256:
        raise BuildError(f"{file}: was changed after it was published", remedy="publish again")
    return Build(folder, parse_manifest(file.read_bytes(), str(file)))
