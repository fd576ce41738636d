"""The words of PostgreSQL's articles kept beside them, as SQLite keeps them: read once when an article comes, not at
each search; without accents; and no text so long that it cannot be stored."""

from alembic import op

revision = "0007"
down_revision = "0006"

LONGEST = 200_000
"""Characters of a text that are searched: what is left stays far under the 1 MB that PostgreSQL's words may take."""

# Text as bare words between blanks: the parser of PostgreSQL would else take "F-35" as F and minus 35, "nato.int" as a
# host. What is not ASCII it takes apart well.
WORDS = f"""
CREATE FUNCTION tocsin_words(told text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT regexp_replace(
        regexp_replace(lower(normalize(left(told, {LONGEST}), NFKD)), '[\\u0300-\\u036f]+', '', 'g'),
        '[\\x01-\\x2f\\x3a-\\x60\\x7b-\\x7f]+', ' ', 'g')
$$
"""
# The word that is taken away again leaves a gap between title and text, so that no phrase reaches over it.
VECTOR = """
CREATE FUNCTION tocsin_vector(title text, told text) RETURNS tsvector LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT setweight(to_tsvector('simple', tocsin_words(title)), 'A')
        || ts_delete(to_tsvector('simple', '0gap0 ' || tocsin_words(told)), '0gap0')
$$
"""
# Rows are kept narrow, their words apart from them: a search visits each row that may match, but few rows' words.
TABLE = """
CREATE TABLE article_words (
    article_id bigint NOT NULL CONSTRAINT pk_article_words PRIMARY KEY
        CONSTRAINT fk_article_words_article_id REFERENCES articles (id) ON DELETE CASCADE,
    words tsvector NOT NULL
) WITH (toast_tuple_target = 128)
"""
KEEP = """
CREATE FUNCTION tocsin_keep_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF new.story_id IS NULL THEN
        DELETE FROM article_words WHERE article_id = new.id;
    ELSE
        INSERT INTO article_words VALUES (new.id, tocsin_vector(new.title, new.text))
            ON CONFLICT (article_id) DO UPDATE SET words = excluded.words;
    END IF;
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for statement in (WORDS, VECTOR, TABLE, KEEP):
        op.execute(statement)
    op.execute("ALTER TABLE article_words ALTER COLUMN words SET STORAGE EXTERNAL")
    op.execute(
        "INSERT INTO article_words SELECT id, tocsin_vector(title, text) FROM articles WHERE story_id IS NOT NULL"
    )
    op.execute("CREATE INDEX ix_article_words_words ON article_words USING gin (words)")
    op.execute(
        "CREATE TRIGGER article_words_insert AFTER INSERT ON articles"
        " FOR EACH ROW WHEN (new.story_id IS NOT NULL) EXECUTE FUNCTION tocsin_keep_words()"
    )
    changed = "(old.title, old.text, old.story_id IS NULL) IS DISTINCT FROM (new.title, new.text, new.story_id IS NULL)"
    op.execute(
        "CREATE TRIGGER article_words_update AFTER UPDATE OF title, text, story_id ON articles"
        f" FOR EACH ROW WHEN ({changed}) EXECUTE FUNCTION tocsin_keep_words()"
    )
    op.execute("DROP INDEX ix_articles_words")
