"""Sources, Key points and Why?: what is kept of a story, shown to the one who asked."""

from bot.core.details import Reasoned, key_points_message, sources_message, why_message
from bot.core.message import NO_MARK, Message
from bot.core.story import Story
from bot.store import alerts, stories, subscriptions
from handlers.buttons.means import Means


async def answer(asked: str, story: Story, mark: str, *, guild_id: int, means: Means) -> Message:
    """What the button that `asked` shows of the story."""
    if asked == "why":
        return await why(story, mark, guild_id=guild_id, means=means)
    return sources_message(story) if asked == "sources" else key_points_message(story)


async def why(story: Story, mark: str, *, guild_id: int, means: Means) -> Message:
    """Why the story was told, and why in this channel; a subscription of another server is never shown."""
    store = means.store
    told = await store.read(alerts.told, mark) if mark != NO_MARK else None
    subscription = await store.read(subscriptions.get, told[0], guild_id) if told else None
    placed = await store.read(stories.reports, story.id)
    return why_message(
        story,
        topic=dict(means.index.topics).get(story.topic, ""),
        reasons=told[1] if told and subscription else (),
        subscription=subscription,
        reports=[Reasoned(each.report.article.outlet, each.report.analysis, each.because) for each in placed],
    )
