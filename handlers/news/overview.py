"""`/news digest`: the digest as it would be sent for a window of time."""

from datetime import timedelta

from discord import app_commands

from bot.client.chosen import topic_chosen
from bot.client.index import Index
from bot.client.replies import Interaction, RefusedError, defer, reply
from bot.core.bulletin import digest_message
from bot.core.digest import compose
from bot.core.hours import DigestPlan
from bot.core.lists import span
from bot.store import Store, stories
from handlers.news.options import SHARE, Clock, Window, hours_of, offer_topics

PLAN = DigestPlan(8)
"""How many stories a digest lists that nobody set up; when it would be due does not matter here."""


def add_digest(news: app_commands.Group, *, store: Store, index: Index, clock: Clock) -> None:
    """`/news digest`."""

    @news.command(name="digest", description="The digest as a channel would get it, for a time that you choose")
    @app_commands.describe(
        window="How far back to look; a day if you do not say", topic="Only stories of this topic", share=SHARE
    )
    @app_commands.autocomplete(topic=offer_topics(index))
    async def digest(
        interaction: Interaction, window: Window = "24h", topic: str | None = None, share: bool = False
    ) -> None:
        await defer(interaction, share=share)
        hours, chosen = hours_of(window) or 24, topic_chosen(topic, index)
        since = clock() - timedelta(hours=hours)
        best = await store.read(stories.top, since=since, topic=chosen, limit=PLAN.top)
        total = await store.read(stories.count, since=since, topic=chosen)
        made = compose([(each.story, each.importance) for each in best], PLAN, period="")
        listed = [ranked for group in made.groups for ranked in group.stories]
        title = f"Digest of the last {span(hours)}"
        if not listed:
            raise RefusedError(f"No story in the last {span(hours)}. Choose a longer window.")
        message = digest_message(listed, title=title, left_out=max(total - len(listed), 0), since=since)
        await reply(interaction, message, share=share)
