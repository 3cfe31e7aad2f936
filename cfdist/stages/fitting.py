"""What is fitted on one set of rows; a stage runs when something first asks for its result."""

from functools import cached_property

from cfdist.stages.catalogue import Catalogue, catalogue
from cfdist.stages.context import Context
from cfdist.stages.factorize import Factors, factorize
from cfdist.stages.index import Index, index
from cfdist.stages.ingest import Interactions
from cfdist.stages.matrix import UserItemMatrix, matrix
from cfdist.stages.neighbors import Neighbors, neighbors
from cfdist.stages.profiles import ProfileTable, profiles
from cfdist.stages.purchases import Purchases, purchases


class Fitting:
    """The stages over one set of interactions, under the settings of one context.

    Parameters
    ----------
    context : Context
        With ``memory`` two fittings share every stage whose settings are the same.
    interactions : Interactions
        Training rows.
    """

    def __init__(self, context: Context, interactions: Interactions) -> None:
        self.context = context
        self.interactions = interactions

    def forget_rows(self) -> None:
        """Free the rows, once the matrix is made."""
        rows = self.interactions
        self.interactions = Interactions(rows.key, rows.meta, {})

    @cached_property
    def index(self) -> Index:
        """Ids ↔ indexes."""
        return index(self.context, self.interactions)

    @cached_property
    def matrix(self) -> UserItemMatrix:
        """Users × articles."""
        return matrix(self.context, self.interactions, self.index)

    @cached_property
    def catalogue(self) -> Catalogue:
        """What lists may hold: allowed articles, categories, families."""
        return catalogue(self)

    @cached_property
    def purchases(self) -> Purchases:
        """Number and time of the purchases of every pair; asked for before rows are forgotten."""
        return purchases(self.context, self.interactions, self.index, self.matrix)

    @cached_property
    def factors(self) -> Factors:
        """Truncated SVD of the matrix."""
        return factorize(self.context, self.matrix)

    @cached_property
    def profiles(self) -> ProfileTable:
        """Distinct histories."""
        return profiles(self.context, self.index, self.matrix)

    @cached_property
    def neighbors(self) -> Neighbors:
        """Similar users and articles in the space of factors."""
        return neighbors(self.context, self.index, self.profiles, self.factors)

    @cached_property
    def similar_users(self) -> Neighbors:
        """Similar users alone, unless both were searched for already."""
        return self._one_side("users")

    @cached_property
    def similar_articles(self) -> Neighbors:
        """Similar articles alone, unless both were searched for already."""
        return self._one_side("articles")

    def _one_side(self, side: str) -> Neighbors:
        if "neighbors" in self.__dict__:
            return self.neighbors
        return neighbors(self.context, self.index, self.profiles, self.factors, (side,))
