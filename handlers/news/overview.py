"""`/news digest`, the digest as it would be sent for a window of time, and `/news trends`, the archive in figures."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Literal

from discord import app_commands

from bot.charts import with_chart
from bot.client.chosen import topic_chosen
from bot.client.index import Index, offer_topics
from bot.client.replies import SHARE, Interaction, defer, reply
from bot.core.bulletin import digest_message
from bot.core.chart import Period, period_of, within
from bot.core.digest import compose
from bot.core.hours import DigestPlan
from bot.core.lists import hours_of, span
from bot.core.pages import notice
from bot.core.trends import Trends, trends_chart, trends_message
from bot.store import Connection, Store, stories, trends

Clock = Callable[[], datetime]
Window = Literal["24h", "3d", "7d", "30d"]
LongWindow = Literal["7d", "30d", "12w", "52w"]
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
            message = notice(
                f"No story in the last {span(hours)}. Choose a longer window, or see `/status`.", title=title
            )
        else:
            message = digest_message(listed, title=title, left_out=max(total - len(listed), 0), since=since)
        await reply(interaction, message, share=share)


def add_trends(news: app_commands.Group, *, store: Store, clock: Clock) -> None:
    """`/news trends`."""

    @news.command(name="trends", description="Stories a day by kind of event as a chart, and what is rising")
    @app_commands.rename(chosen="window")
    @app_commands.describe(chosen="How far back to look; 30 days if you do not say", share=SHARE)
    async def show_trends(interaction: Interaction, chosen: LongWindow = "30d", share: bool = False) -> None:
        await defer(interaction, share=share)
        period = period_of((hours_of(chosen) or 0) // 24, clock())
        found = await store.read(trends_of, period)
        message = trends_message(found)
        if within(found.days, period):
            message = await with_chart(message, trends_chart(found), name="trends.png")
        await reply(interaction, message, share=share)


def trends_of(c: Connection, period: Period) -> Trends:
    """The counts of the period and of the one before it."""
    return Trends(
        period,
        days=trends.a_day(c, period.before.begins),
        named=trends.named(c, period.begins, period.ends),
        named_before=trends.named(c, period.before.begins, period.begins),
        known_since=trends.first_day(c),
    )
