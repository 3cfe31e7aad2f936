"""Tasks, memory, output and work of every stage."""

from collections.abc import Callable
from dataclasses import replace
from math import ceil

from cfdist.algorithms.neighbor_groups import index_bytes
from cfdist.plan import constants as c
from cfdist.plan.filters import spectral_bytes, spectral_terms, tile_costs
from cfdist.plan.searches import n_searches, search_work
from cfdist.plan.sizes import Job
from cfdist.plan.svd import n_passes, product_s, solve
from cfdist.plan.terms import Case, Draft, Term, Work, add_work, checkpoint_s, spread
from cfdist.plan.values import (
    MAX_PARTS,
    SIMILARITY_TILE,
    distinct_lists,
    n_components,
    pair_rows,
)


def ingest(case: Case) -> Draft:
    """Read, check, shuffle."""
    sizes, values, workers = case.sizes, case.values, case.machine.n_workers
    part_bytes = ceil(values.frames / sizes.read_tasks)
    n_bytes = round(case.running(sizes.read_tasks) * part_bytes * c.READ_COPIES)
    if sizes.read_tasks <= MAX_PARTS and not case.job.out_of_core:
        n_bytes += spread(values.frames, values.blocks, workers)
        tasks = sizes.read_tasks * (3 + values.blocks) + values.blocks
    else:  # rows wait in files
        tasks = 2 * sizes.read_tasks + values.blocks
        block_bytes = ceil(values.frames / values.blocks)
        n_bytes = max(n_bytes, round(case.running(values.blocks) * block_bytes * c.READ_COPIES))
    terms = (Term("rows being read", "in flight", n_bytes), *_rows(case))
    work = Work(
        table=sizes.rows_read * (c.READ_ROW_S + c.TEXT_ROW_S * sizes.text_columns)
        + sizes.rows * c.SORT_ROW_S,
        disk=checkpoint_s(case, values.interactions) + sizes.file_bytes * c.HASH_BYTE_S,
    )
    return Draft("ingest", tasks, terms, values.interactions, work, sizes.read_tasks)


def hold_out(case: Case) -> Draft | None:
    """The gate's measurement: the stages once more, on some of the users."""
    if not case.job.hold_out_users:
        return None
    sizes = case.sizes.with_users(case.job.hold_out_users)
    inner = Case(sizes, _in_memory(case.job), case.machine)
    drafts = [stage(inner) for stage in (index, matrix, factorize, profiles, neighbors, recommend)]
    n_bytes = max(sum(term.bytes for term in draft.terms) for draft in drafts)
    n_bytes += sizes.users * c.EVALUATED_USER_BYTES
    terms = (Term("fitted on a sample", "in flight", n_bytes), *_rows(case))
    seconds = c.EVALUATION_S + sizes.users * c.EVALUATED_USER_S
    work = add_work([*(draft.work for draft in drafts), Work(alone=seconds)])
    tasks = sum(draft.tasks for draft in drafts)
    return Draft("hold_out", tasks, terms, 0, work, inner.values.blocks)


def index(case: Case) -> Draft:
    """Ids and their numbers."""
    values, blocks = case.values, case.values.blocks
    n_bytes = case.running(blocks) * round(case.sizes.articles * case.sizes.article_id_bytes)
    terms = (Term("ids of blocks", "in flight", 2 * n_bytes), *_rows(case), *_ids(case))
    work = Work(table=case.sizes.users * c.INDEX_USER_S, disk=checkpoint_s(case, values.ids))
    return Draft("index", 4 * blocks + 1, terms, values.ids, work, blocks)


def matrix(case: Case) -> Draft:
    """Rows summed into weights and baskets."""
    sizes, values = case.sizes, case.values
    blocks, output = values.blocks, values.matrix + values.baskets
    block_rows = ceil(sizes.rows / blocks)
    n_bytes = case.running(blocks) * block_rows * c.MATRIX_ROW_BYTES
    n_bytes += spread(values.matrix + values.baskets, blocks, case.machine.n_workers)
    terms = (Term("blocks being summed", "in flight", n_bytes), *_rows(case), *_matrix(case))
    work = Work(table=sizes.rows * c.MATRIX_ROW_S, disk=checkpoint_s(case, output))
    return Draft("matrix", 8 * blocks + 2, terms, output, work, blocks)


def factorize(case: Case) -> Draft:
    """Passes over the blocks, or one Gram matrix."""
    sizes, values = case.sizes, case.values
    output = values.user_factors + values.item_factors
    passes = n_passes(sizes, case.job)
    n_bytes, work = solve(case)
    terms = (Term("passes and their basis", "in flight", n_bytes), *_matrix(case), *_factors(case))
    work = add_work([work, Work(sparse=product_s(case, n_components(sizes, case.job)),
                            disk=checkpoint_s(case, output))])  # fmt: skip
    tasks = passes * (2 * values.blocks + 1) + values.blocks + 3
    return Draft("factorize", tasks, terms, output, work, values.blocks)


def profiles(case: Case) -> Draft:
    """Users with the same history."""
    sizes, values = case.sizes, case.values
    n_bytes = sizes.users * c.HASH_USER_BYTES
    terms = (
        Term("hashes", "in flight", n_bytes),
        *_matrix(case),
        *_factors(case),
        *_profiles(case),
    )
    alone = sizes.users * c.HASH_USER_S
    work = Work(
        table=sizes.pairs * c.PROFILE_PAIR_S, alone=alone, disk=checkpoint_s(case, values.profiles)
    )
    return Draft("profiles", 2 * values.blocks + 3, terms, values.profiles, work, values.blocks)


def neighbors(case: Case) -> Draft:
    """Exact search over profiles and over articles."""
    sizes, job, values = case.sizes, case.job, case.values
    components = n_components(sizes, job)
    article_index = index_bytes(sizes.articles, components) if job.n_similar_items else 0
    largest = max(values.search_index, article_index)
    build = round(largest * c.BUILD_COPIES)
    search = round(largest + values.neighbors * (c.FOUND_COPIES - 1))
    terms = (
        Term("search", "in flight", max(build, search)),
        *_matrix(case),
        *_factors(case),
        *_profiles(case),
        *_neighbors(case),
    )
    output = values.neighbors + values.search_index + article_index
    work = Work(disk=checkpoint_s(case, output))
    tasks = values.blocks + 2
    if job.n_similar_items:
        share = c.article_search_share(sizes.articles)
        work = add_work([work, search_work(sizes.articles, share, components)])
        tasks += 2 * n_searches(sizes.articles, case) + 4
    if job.n_similar_users:
        work = add_work([work, search_work(sizes.profiles, sizes.search_share, components)])
        tasks += 2 * n_searches(sizes.profiles, case) + 4
    return Draft("neighbors", tasks, terms, output, work, tasks)


def spectral(case: Case) -> Draft | None:
    """The second SVD, of the normalised matrix, and the tables of the filter."""
    job, blocks = case.job, case.values.blocks
    if not job.spectral_components:
        return None
    inner = factorize(
        Case(case.sizes, replace(job, n_components=job.spectral_components), case.machine)
    )
    basis = Term("passes and their basis", "in flight", inner.flight_bytes)
    terms = (basis, *_fitted(case), *spectral_terms(case))
    work = add_work([inner.work] * c.SPECTRAL_PASSES)
    tasks = c.SPECTRAL_PASSES * inner.tasks + 3 * blocks + 2
    return Draft("spectral", tasks, terms, sum(spectral_bytes(case)), work, blocks)


def recommend(case: Case) -> Draft:
    """Lists of distinct histories, block by block."""
    sizes, job, values = case.sizes, case.job, case.values
    blocks = values.blocks
    block_lists = ceil(values.lists / blocks)
    rows = ceil(sizes.profiles / blocks)
    votes = rows * max(job.n_similar_users, 1) * c.VOTE_BYTES
    tile, tile_s = tile_costs(case)
    n_bytes = case.running(blocks) * (votes + block_lists + tile)
    terms = (
        Term("votes", "in flight", n_bytes),
        *_fitted(case),
        *spectral_terms(case),
        *_lists(case),
    )
    share = sizes.pairs / max(sizes.users, 1)
    votes_s = distinct_lists(sizes, blocks) * c.LIST_S
    votes_s += sizes.profiles * max(job.n_similar_users, 1) * (c.VOTE_S + share * c.VOTE_ENTRY_S)
    work = Work(memory=votes_s, gemm=tile_s, disk=checkpoint_s(case, values.lists))
    return Draft("recommend", 2 * blocks + 2, terms, values.lists, work, blocks)


def pairs(case: Case) -> Draft:
    """Partners of articles by baskets."""
    sizes, values = case.sizes, case.values
    n_bytes = 3 * values.baskets + sizes.articles * n_components(sizes, case.job) * 12
    terms = (Term("baskets by article", "in flight", n_bytes), *_fitted(case), *_lists(case),
             case.held("pairs", values.pairs, values.shards))  # fmt: skip
    work = Work(
        memory=sizes.basket_work * c.PAIR_WORK_S + pair_rows(sizes, case.job) * c.PAIR_ROW_S,
        alone=sizes.basket_entries * c.TRANSPOSE_S,
        disk=checkpoint_s(case, values.pairs),
    )
    return Draft("pairs", 2 * values.shards + 2, terms, values.pairs, work, values.shards)


def publish(case: Case) -> Draft:
    """The files of the build, checked, judged and committed."""
    sizes, values = case.sizes, case.values
    blocks = values.blocks
    similar = ceil(sizes.profiles * case.job.n_similar_users / blocks) * c.SIMILAR_ROW_BYTES
    lists = ceil(sizes.users * case.job.n_recommendations / blocks) * c.LIST_ROW_BYTES
    tile = 2 * 4 * min(SIMILARITY_TILE, sizes.articles) * sizes.articles
    if sizes.articles > case.job.max_similarity_articles:
        tile = 0
    tasks = sorted([similar, lists] * blocks + [tile], reverse=True)
    largest = tasks[: case.running(len(tasks))]
    terms = (
        Term("writers", "base", c.WRITER_BYTES),
        Term("tables being written", "in flight", sum(largest)),
        *_fitted(case), *_lists(case), case.held("pairs", values.pairs, values.shards),
    )  # fmt: skip
    output = file_bytes(case)
    rows = sizes.users * (case.job.n_recommendations + 1) + pair_rows(sizes, case.job)
    rows += sizes.profiles * case.job.n_similar_users
    work = Work(table=rows * c.WRITE_ROW_S, disk=output * c.WRITE_BYTE_S, alone=c.JUDGE_S)
    return Draft("publish", 4 * blocks + values.shards + 8, terms, output, work, 3 * blocks)


STAGES: tuple[Callable[[Case], Draft | None], ...] = (
    ingest, hold_out, index, matrix, factorize, profiles, neighbors, spectral, recommend, pairs,
    publish,
)  # fmt: skip
"""In the order of a training."""


READS: dict[str, frozenset[str]] = {
    "ingest": frozenset({"interactions"}),
    "hold_out": frozenset({"interactions"}),
    "index": frozenset({"interactions", "ids"}),
    "matrix": frozenset({"interactions", "ids", "matrix", "baskets"}),
    "factorize": frozenset({"matrix", "user factors", "item factors"}),
    "profiles": frozenset({"matrix", "distinct histories"}),
    "neighbors": frozenset({"user factors", "item factors", "distinct histories", "neighbours"}),
    "spectral": frozenset({"matrix", "filter tables", "normalised matrix"}),
    "recommend": frozenset(
        {
            "matrix",
            "distinct histories",
            "neighbours",
            "filter tables",
            "normalised matrix",
            "lists",
        }
    ),
    "pairs": frozenset({"baskets", "item factors", "pairs"}),
    "publish": frozenset({"lists"}),
}
"""What a stage reads or writes; of values in files, the others are not in memory meanwhile.

`publish` reads everything, but one file's worth at a time.
"""


def file_bytes(case: Case) -> int:
    """Bytes of the published files."""
    sizes, job, values = case.sizes, case.job, case.values
    similarity = 4 * sizes.articles**2
    if sizes.articles > job.max_similarity_articles:
        similarity = sizes.articles * job.n_similar_items * 12
    entries = sizes.users * min(job.n_recommendations + job.n_buy_again, sizes.articles)
    texts = sizes.users * sizes.user_id_bytes + sizes.articles * sizes.article_id_bytes
    return round(
        values.user_factors + values.item_factors + similarity
        + (texts if sizes.text_columns else 0)
        + entries * c.LIST_FILE_BYTES
        + sizes.profiles * job.n_similar_users * c.SIMILAR_FILE_BYTES
        + pair_rows(sizes, job) * c.PAIR_FILE_BYTES
        + sizes.users * c.USER_FILE_BYTES
        + (values.matrix if job.publish_matrix else 0)
    )  # fmt: skip


def _in_memory(job: Job) -> Job:
    """The same for a fit in between: no files, and similar users alone."""
    return replace(job, checkpoints=False, out_of_core=False, hold_out_users=0, n_similar_items=0)


def _rows(case: Case) -> tuple[Term, ...]:
    return (case.held("interactions", case.values.interactions, case.values.blocks),)


def _ids(case: Case) -> tuple[Term, ...]:
    return (case.copied("ids", case.values.ids),)


def _matrix(case: Case) -> tuple[Term, ...]:
    values = case.values
    return (
        *_ids(case),
        case.held("matrix", values.matrix, values.blocks),
        case.copied("baskets", values.baskets),
    )


def _factors(case: Case) -> tuple[Term, ...]:
    values = case.values
    return (
        case.held("user factors", values.user_factors, values.blocks),
        case.copied("item factors", values.item_factors),
    )


def _profiles(case: Case) -> tuple[Term, ...]:
    return (case.copied("distinct histories", case.values.profiles),)


def _neighbors(case: Case) -> tuple[Term, ...]:
    return (case.copied("neighbours", case.values.neighbors),)


def _fitted(case: Case) -> tuple[Term, ...]:
    return (*_matrix(case), *_factors(case), *_profiles(case), *_neighbors(case))


def _lists(case: Case) -> tuple[Term, ...]:
    return (case.held("lists", case.values.lists, case.values.blocks),)
