"""JSON Feed, versions 1 and 1.1, into drafts (https://www.jsonfeed.org/version/1.1/).

feedparser does not read this format. It names no entries (see draft).
"""

import codecs
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bot.core.draft import Draft, as_text, clean_date, clean_guid, clean_language, clean_link
from bot.core.text import LONGEST_MARKUP, plain_text, read_line, scrub
from bot.errors import FeedError


def load_json_feed(body: bytes) -> Mapping[str, Any]:
    """The JSON object in `body`, a list of items in it. Raises FeedError where it is no JSON Feed."""
    try:
        content = json.loads(body.removeprefix(codecs.BOM_UTF8))
    except (ValueError, RecursionError) as error:
        raise FeedError("The answer is neither a feed nor whole JSON: check the address.") from error
    if not isinstance(content, dict) or "jsonfeed.org/version/" not in as_text(content.get("version")):
        raise FeedError("The answer is JSON but no JSON Feed: check the address.")
    if not isinstance(content.get("items"), list):
        raise FeedError("The JSON Feed has no list of items: ask its publisher to repair it.")
    return content


def json_format(content: Mapping[str, Any]) -> str:
    """ "json10" or "json11"."""
    return "json11" if as_text(content.get("version")).rstrip("/").endswith("1.1") else "json10"


def json_published(item: Mapping[str, Any], now: datetime) -> datetime | None:
    """The date of an item, else that of its last change."""
    for key in ("date_published", "date_modified"):
        try:
            moment = datetime.fromisoformat(as_text(item.get(key)))
            moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        except (ValueError, OverflowError):
            continue
        return clean_date(moment, now)
    return None


def json_draft(item: Mapping[str, Any], *, base: str, language: str | None, now: datetime) -> Draft:
    """One item as a draft; its HTML before its plain text before its summary."""
    identity = item.get("id")
    contents = (scrub(as_text(item.get(key))) for key in ("content_html", "content_text", "summary"))
    markup = next(filter(None, contents), "")[:LONGEST_MARKUP]
    return Draft(
        guid=clean_guid(str(identity) if isinstance(identity, int | float) else identity),
        link=clean_link(item.get("url"), base) or clean_link(item.get("external_url"), base),
        title=read_line(as_text(item.get("title"))),
        markup=markup,
        text=plain_text(markup),
        published=json_published(item, now),
        language=clean_language(item.get("language")) or language,
    )
