"""Whether a database is sound: the file itself, its tables, and what must hold between their rows.

It reads one moment of the database, beside whoever works with it, changes nothing and mends nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, inspect, select, text
from sqlalchemy.exc import DatabaseError

from bot.store.invariants import Rule, rules
from bot.store.numbering import highest_ids, last_given
from bot.store.schema import metadata
from bot.store.upgrade import revisions

EXAMPLES = 3
DAMAGES = 20


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: what holds in a sound database, in how many rows it does not, a few of their keys,
    or what else was found. `count` 0 means that all is well."""

    says: str
    count: int = 0
    examples: tuple[str, ...] = ()


def examine(c: Connection) -> Iterator[Finding]:
    """Looks at one thing after another. Where tables are not what they have to be, it ends with saying so."""
    if c.dialect.name == "sqlite":
        yield (whole := _file(c))
        if whole.count:
            return
    for looked in (_version, _tables):
        yield (found := looked(c))
        if found.count:
            return
    yield _numbers(c)
    yield _index(c)
    for rule in rules(c.dialect.name):
        yield broken(c, rule)


def steps(engine: str) -> int:
    """How many findings `examine` has at most."""
    return 4 + (engine == "sqlite") + sum(1 for _ in rules(engine))


def broken(c: Connection, rule: Rule) -> Finding:
    """How many rows break a rule, and the first of them."""
    count = c.scalar(select(func.count()).select_from(rule.broken.subquery())) or 0
    first = c.execute(rule.broken.limit(EXAMPLES)).all() if count else ()
    return Finding(rule.says, count, tuple(" ".join(map(str, row)) for row in first))


def _file(c: Connection) -> Finding:
    """SQLite compares every page, and every index with its table."""
    try:
        said = c.exec_driver_sql(f"PRAGMA integrity_check({DAMAGES})").scalars().all()
    except DatabaseError as error:
        said = [str(error.orig)]
    return _noted("the file is whole", [] if said == ["ok"] else said)


def _version(c: Connection) -> Finding:
    present, wanted = revisions(c)
    wrong = [] if present == wanted else [f"they are of version {present or 'none'}, this program's are of {wanted}"]
    return _noted("the tables are of this program's version", wrong)


def _tables(c: Connection) -> Finding:
    """Tables, columns and indexes by their names."""
    there = inspect(c)
    missing = []
    names = set(there.get_table_names())
    for table in metadata.sorted_tables:
        if table.name not in names:
            missing.append(table.name)
            continue
        columns = {each["name"] for each in there.get_columns(table.name)}
        indexes = {str(each["name"]) for each in there.get_indexes(table.name)}
        missing += [f"{table.name}.{column.name}" for column in table.columns if column.name not in columns]
        missing += [str(index.name) for index in table.indexes if index.name not in indexes]
    if c.dialect.name == "postgresql":
        invalid = text("SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid")
        missing += c.execute(invalid).scalars()
    return _noted("no table, column or index is missing", missing)


def _numbers(c: Connection) -> Finding:
    """A row that got a number again would be refused, or taken for one that is gone."""
    highest, given = highest_ids(c), last_given(c)
    wrong = [f"{name} {highest[name]} after {last}" for name, last in given.items() if last < highest[name]]
    return _noted("no number of a row is given twice", wrong)


def _index(c: Connection) -> Finding:
    """Triggers keep the index; FTS5 has a row of `docsize` for each row that it indexed."""
    index, row = ("articles_fts_docsize", "id") if c.dialect.name == "sqlite" else ("article_words", "article_id")
    says = "the full-text index holds the reports of stories and nothing else"
    if not inspect(c).has_table(index):
        return Finding(says)
    wanted = "SELECT id FROM articles WHERE story_id IS NOT NULL"
    lacking = f"SELECT id FROM articles WHERE story_id IS NOT NULL AND id NOT IN (SELECT {row} FROM {index})"  # noqa: S608
    beyond = f"SELECT {row} AS id FROM {index} WHERE {row} NOT IN ({wanted})"  # noqa: S608 - names of ours
    wrong = c.execute(text(f"{lacking} UNION ALL {beyond}")).scalars().all()
    return _noted(says, [f"article {id}" for id in wrong])


def _noted(says: str, wrong: Sequence[str]) -> Finding:
    return Finding(says, len(wrong), tuple(wrong[:EXAMPLES]))
