"""Full-text search over the archive: the reports that hold every term of a query, as the stories they stand in.

What a query costs is bounded, whatever it is: where more reports match than are ranked, only the newest of them are.
SQLite ranks by BM25 with the title heavier (FTS5), PostgreSQL by cover density with like weights. Nothing that a person
typed is read as the syntax of either.
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
    func,
    literal,
    literal_column,
    select,
    text,
)

from bot.core.lists import Listed
from bot.core.query import Term, excerpt
from bot.store import stories
from bot.store.schema import articles, story_organisations
from bot.store.schema import stories as story_table

RANKED = {"sqlite": 2_000, "postgresql": 500}
"""How many reports are ranked at most; PostgreSQL has to read each of them anew."""

TITLE = 8.0
"""How much more a word weighs in the title than in the text."""

# What the migrations index: PostgreSQL uses its index for exactly this expression only.
_WORDS = "to_tsvector('simple', articles.title || ' ' || articles.text)"
_WEIGHED = "setweight(to_tsvector('simple', articles.title), 'A') || to_tsvector('simple', articles.text)"

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
    ranked = RANKED[c.dialect.name]
    hits = _hits(c, terms, _among(organisation, event, since), ranked)
    best = _best_of_each(sorted(hits, key=lambda hit: (0 if newest else -hit[1], -hit[0])))
    number = max(min(page, (len(best) - 1) // size), 0)
    shown = best[number * size : (number + 1) * size]
    return Found(_listed(c, terms, shown), number, len(best), more=len(hits) >= ranked)


def _hits(c: Connection, terms: Sequence[Term], among: Select[tuple[int]] | None, ranked: int) -> list[Hit]:
    """The newest reports that match, at most `ranked`."""
    scored = (_postgres if c.dialect.name == "postgresql" else _sqlite)(terms, among, ranked)
    wanted = select(scored.c.id, scored.c.score, articles.c.story_id).join(articles, articles.c.id == scored.c.id)
    return [(row.id, row.score, row.story_id) for row in c.execute(wanted)]


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


def _sqlite(terms: Sequence[Term], among: Select[tuple[int]] | None, ranked: int) -> CTE:
    """(id, score) of matching reports out of the FTS5 table, which is read from its newest row back."""
    row = literal_column("articles_fts.rowid", articles.c.id.type)
    score = literal_column(f"-bm25(articles_fts, {TITLE}, 1.0)", Float()).label("score")
    wanted = select(row.label("id"), score).select_from(text("articles_fts")).where(_matches(terms))
    if among is not None:
        # The plus keeps SQLite from asking the full-text index anew for each id.
        wanted = wanted.where(literal_column("+articles_fts.rowid", articles.c.id.type).in_(among))
    return wanted.order_by(row.desc()).limit(ranked).cte("scored")


def _matches(terms: Sequence[Term]) -> ColumnElement[bool]:
    """Each term as a string of FTS5, in which nothing has a meaning; a star after it also takes longer words."""
    strings = ('"' + term.words.replace('"', " ") + '"' + ("" if term.whole else "*") for term in terms)
    return literal_column("articles_fts").op("MATCH", is_comparison=True)(" AND ".join(strings))


# -- PostgreSQL


def _postgres(terms: Sequence[Term], among: Select[tuple[int]] | None, ranked: int) -> CTE:
    """(id, score) of matching reports out of the index over their words."""
    query = _tsquery(terms)
    matching = select(articles.c.id).where(
        articles.c.story_id.is_not(None), literal_column(_WORDS).op("@@", is_comparison=True)(query)
    )
    if among is not None:
        matching = matching.where(articles.c.id.in_(among))
    newest = matching.order_by(articles.c.id.desc()).limit(ranked).cte("newest")
    weights = literal_column(f"'{{{1 / TITLE}, 0.2, 0.4, 1.0}}'::float4[]", ARRAY(Float()))
    score = func.ts_rank_cd(weights, literal_column(_WEIGHED), query).label("score")
    return select(articles.c.id, score).join(newest, newest.c.id == articles.c.id).cte("scored")


def _tsquery(terms: Sequence[Term]) -> ColumnElement[str]:
    """All terms as one query. PostgreSQL itself takes the words apart; the beginning of a word is a label of its own,
    in quotes, in which only quotes and backslashes have a meaning, and those are left out."""
    query: ColumnElement[str] | None = None
    for term in terms:
        one: ColumnElement[str]
        if term.whole:
            one = func.phraseto_tsquery("simple", term.words)
        else:
            one = func.to_tsquery("simple", "'" + term.words.replace("'", " ").replace("\\", " ") + "':*")
        query = one if query is None else query.op("&&")(one)
    return query if query is not None else literal("")
