"""The buttons under an alert: Sources, Key points, Why?. They work for ever, over restarts, and answer one person."""

import re

from bot.client.index import Index
from bot.client.replies import Interaction, PersistentButton, RefusedError, defer, persistent_button, reply
from bot.core.details import Reasoned, key_points_message, sources_message, why_message
from bot.core.message import ACTION, NO_MARK, Message
from bot.core.story import Story
from bot.store import Store, alerts, stories, subscriptions

FORGOTTEN = "This story is no longer kept; Tocsin forgets stories after a year unless its operator chose otherwise."


def buttons(*, store: Store, index: Index) -> list[type[PersistentButton]]:
    """The one pattern that stands for all three."""

    async def answer(interaction: Interaction, match: "re.Match[str]") -> None:
        await defer(interaction)
        story = await store.read(stories.get, match["story"])
        if story is None:
            raise RefusedError(FORGOTTEN)
        if match["asked"] == "why":
            message = await why(story, match["mark"], guild_id=interaction.guild_id or 0, store=store, index=index)
        else:
            message = sources_message(story) if match["asked"] == "sources" else key_points_message(story)
        await reply(interaction, message)

    return [persistent_button(ACTION, answer)]


async def why(story: Story, mark: str, *, guild_id: int, store: Store, index: Index) -> Message:
    """Why the story was told, and why in this channel; a subscription of another server is never shown."""
    told = await store.read(alerts.told, mark) if mark != NO_MARK else None
    subscription = await store.read(subscriptions.get, told[0], guild_id) if told else None
    placed = await store.read(stories.reports, story.id)
    return why_message(
        story,
        topic=dict(index.topics).get(story.topic, ""),
        reasons=told[1] if told and subscription else (),
        subscription=subscription,
        reports=[Reasoned(each.report.article.outlet, each.report.analysis, each.because) for each in placed],
    )
