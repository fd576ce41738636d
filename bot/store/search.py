"""Full-text search over the archive: the reports that hold every term of a query, as the stories they stand in.

What a query costs is bounded, whatever it is: where more reports match than are ranked, only the newest of them are.
SQLite ranks by BM25 with the title heavier (FTS5), PostgreSQL by cover density with like weights, over the words that
a trigger keeps beside each article. Nothing that a person typed is read as the syntax of either.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from sqlalchemy import (
    ARRAY,
    CTE,
    ColumnElement,
    Connection,
    Float,
    Select,
    Text,
    cast,
    column,
    func,
    literal,
    literal_column,
    select,
    table,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR

from bot.core.lists import Listed
from bot.core.query import Term, excerpt
from bot.store import stories
from bot.store.schema import articles, story_organisations
from bot.store.schema import stories as story_table

RANKED = 2_000
"""How many reports are ranked at most."""

LOOKED_AT = 10_000
"""How many reports PostgreSQL looks at for words side by side, the newest that hold these words anywhere: its index
knows which reports hold a word, but not where."""

TITLE = 8.0
"""How much more a word weighs in the title than in the text."""

# Made by the migrations for PostgreSQL alone.
_words = table("article_words", column("article_id", articles.c.id.type), column("words", TSVECTOR))

Hit: TypeAlias = tuple[int, float, str]  # article, score, story


@dataclass(frozen=True, slots=True)
class Found:
    """One page of what was found: its stories, its `number` from 0, how many stories in all; `more` says that not every
    report that matches was looked at."""

    listed: tuple[Listed, ...] = ()
    number: int = 0
    total: int = 0
    more: bool = False


def search(
    c: Connection,
    terms: Sequence[Term],
    *,
    organisation: str | None = None,
    event: str | None = None,
    since: datetime | None = None,
    newest: bool = False,
    size: int = 5,
    page: int = 0,
) -> Found:
    """The stories of the reports that hold every term, the one with the best report first, or with the newest.

    A page beyond the last is the last. Without a term nothing is found.
    """
    if not terms:
        return Found()
    hits, cut = _hits(c, terms, _among(organisation, event, since))
    best = _best_of_each(sorted(hits, key=lambda hit: (0 if newest else -hit[1], -hit[0])))
    number = max(min(page, (len(best) - 1) // size), 0)
    shown = best[number * size : (number + 1) * size]
    return Found(_listed(c, terms, shown), number, len(best), more=cut)


def _hits(c: Connection, terms: Sequence[Term], among: Select[tuple[int]] | None) -> tuple[list[Hit], bool]:
    """The newest reports that match, at most `RANKED`; whether there may be more."""
    if c.dialect.name == "postgresql":
        return _postgres(c, terms, among)
    hits = [(row.id, row.score, row.story_id) for row in c.execute(_sqlite(terms, among))]
    return hits, len(hits) >= RANKED


def _best_of_each(hits: Iterable[Hit]) -> list[tuple[str, int]]:
    """(story, article): the first hit of each story, in the order given."""
    first: dict[str, int] = {}
    for article, _, story in hits:
        first.setdefault(story, article)
    return list(first.items())


def _listed(c: Connection, terms: Sequence[Term], shown: Sequence[tuple[str, int]]) -> tuple[Listed, ...]:
    known = {each.story.id: each for each in stories.ranked(c, ids=[story for story, _ in shown])}
    wanted = select(articles.c.id, articles.c.text).where(articles.c.id.in_([article for _, article in shown]))
    excerpts = {row.id: excerpt(row.text, terms) for row in c.execute(wanted)}
    return tuple(
        Listed(known[story].story, known[story].importance.level, excerpts[article]) for story, article in shown
    )


def _among(organisation: str | None, event: str | None, since: datetime | None) -> Select[tuple[int]] | None:
    """The ids of the reports whose story meets the conditions; None without any."""
    if organisation is None and event is None and since is None:
        return None
    wanted = select(articles.c.id)
    if organisation is not None:
        named = story_organisations.c
        wanted = wanted.join(story_organisations, named.story_id == articles.c.story_id)
        wanted = wanted.where(named.name == organisation)
    if event is not None or since is not None:
        wanted = wanted.join(story_table, story_table.c.id == articles.c.story_id)
    if event is not None:
        wanted = wanted.where(story_table.c.event == event)
    if since is not None:
        wanted = wanted.where(story_table.c.last_seen >= since)
    return wanted


# -- SQLite


def _sqlite(terms: Sequence[Term], among: Select[tuple[int]] | None) -> Select[tuple[int, float, str | None]]:
    """Matching reports out of the FTS5 table, which is read from its newest row back."""
    row = literal_column("articles_fts.rowid", articles.c.id.type)
    score = literal_column(f"-bm25(articles_fts, {TITLE}, 1.0)", Float()).label("score")
    wanted = select(row.label("id"), score).select_from(text("articles_fts")).where(_matches(terms))
    if among is not None:
        # The plus keeps SQLite from asking the full-text index anew for each id.
        wanted = wanted.where(literal_column("+articles_fts.rowid", articles.c.id.type).in_(among))
    scored = wanted.order_by(row.desc()).limit(RANKED).cte("scored")
    return select(scored.c.id, scored.c.score, articles.c.story_id).join(articles, articles.c.id == scored.c.id)


def _matches(terms: Sequence[Term]) -> ColumnElement[bool]:
    """Each term as a string of FTS5, in which nothing has a meaning; a star after it also takes longer words."""
    strings = ('"' + term.words.replace('"', " ") + '"' + ("" if term.whole else "*") for term in terms)
    return literal_column("articles_fts").op("MATCH", is_comparison=True)(" AND ".join(strings))


# -- PostgreSQL


def _postgres(c: Connection, terms: Sequence[Term], among: Select[tuple[int]] | None) -> tuple[list[Hit], bool]:
    """Two steps, whatever the planner guesses of strangers' words: the index names the reports that hold every word,
    and of these the newest are read for words side by side."""
    query = _tsquery(terms)
    alone = all(term.words.isalnum() for term in terms)
    candidates = _candidates(query, among, RANKED if alone else LOOKED_AT)
    hits = _ranked(query, candidates).subquery("hits")
    looked = select(func.count().label("number")).select_from(candidates).subquery("looked")
    # Reading the whole table looks cheap to the planner, which does not count the words that stand apart from it.
    c.execute(select(func.set_config("enable_seqscan", "off", True)))
    found = c.execute(select(looked.c.number, hits).select_from(looked.outerjoin(hits, true()))).all()
    c.execute(select(func.set_config("enable_seqscan", "on", True)))
    rows = [(row.id, row.score, row.story_id) for row in found if row.id is not None]
    return rows, len(rows) >= RANKED or found[0].number >= LOOKED_AT


def _candidates(query: ColumnElement[str], among: Select[tuple[int]] | None, most: int) -> CTE:
    """The newest reports that hold every word of the query, wherever it stands, at most `most`."""
    anywhere = cast(func.regexp_replace(cast(query, Text), "<[0-9-]+>", "&", "g"), TSQUERY)
    matching = select(_words.c.article_id.label("id")).where(_words.c.words.op("@@", is_comparison=True)(anywhere))
    if among is not None:
        matching = matching.where(_words.c.article_id.in_(among))
    holding = matching.cte("holding").prefix_with("MATERIALIZED", dialect="postgresql")
    newest = select(holding.c.id).order_by(holding.c.id.desc()).limit(most)
    return newest.cte("candidates").prefix_with("MATERIALIZED", dialect="postgresql")


def _ranked(query: ColumnElement[str], candidates: CTE) -> Select[tuple[int, float, str | None]]:
    """Those of the candidates that match, with their scores."""
    newest = (
        select(_words)
        .join(candidates, candidates.c.id == _words.c.article_id)
        .where(_words.c.words.op("@@", is_comparison=True)(query))
        .order_by(candidates.c.id.desc())
        .limit(RANKED)
        .subquery("newest")
    )
    weights = literal_column(f"'{{{1 / TITLE}, 0.2, 0.4, 1.0}}'::float4[]", ARRAY(Float()))
    score = func.ts_rank_cd(weights, newest.c.words, query).label("score")
    return select(articles.c.id, score, articles.c.story_id).join(newest, newest.c.article_id == articles.c.id)


def _tsquery(terms: Sequence[Term]) -> ColumnElement[str]:
    """All terms as one query, out of bare words as the index has them: nothing in them has a meaning."""
    query: ColumnElement[str] | None = None
    for term in terms:
        words = func.tocsin_words(term.words)
        one: ColumnElement[str]
        if term.whole:
            one = func.phraseto_tsquery("simple", words)
        else:
            one = func.to_tsquery("simple", func.concat("' ", words, " ':*"))
        query = one if query is None else query.op("&&")(one)
    return query if query is not None else literal("")
