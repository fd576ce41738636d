"""What a subscription would have told, drawn as it would be, for the person who asks alone."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.client.replies import Interaction, reply
from bot.core.alert import Subscription
from bot.core.bulletin import digest_message
from bot.core.digest import Ranked, compose
from bot.core.forecast import EXAMPLES
from bot.core.hours import DigestPlan
from bot.core.message import NO_MARK, Message, alert_message
from bot.core.pages import notice
from handlers.alerts.means import Means, forecast_of

NOTHING = "No story of the last weeks matches, so there is nothing to show. Ask for less to hear more."


async def show_preview(interaction: Interaction, means: Means, wanted: Subscription) -> None:
    """Answers with the last stories that match, a message each, or with the digest that they would make."""
    for message in await previews(means, wanted):
        await reply(interaction, message)


async def previews(means: Means, wanted: Subscription) -> list[Message]:
    """At most three messages, each marked as a preview."""
    found = await forecast_of(means, wanted)
    messages = [drawn(ranked, wanted) for ranked in found.alerted[:EXAMPLES]]
    if found.digested:
        messages = [*messages[: EXAMPLES - 1], _digest(found.digested, wanted, means.clock())]
    if not messages:
        return [notice(NOTHING, title="Preview")]
    total = len(messages)
    return [
        replace(message, content=f"**Preview {number} of {total}** · nothing was sent")
        for number, message in enumerate(messages, 1)
    ]


def drawn(ranked: Ranked, wanted: Subscription) -> Message:
    """A story as the subscription's channel would see it."""
    return alert_message(ranked.story, mark=NO_MARK, compact=wanted.habits.layout == "compact")


def _digest(found: Sequence[Ranked], wanted: Subscription, now: datetime) -> Message:
    """The digest of the stories of the last period; of the latest ones where none came in it."""
    plan = wanted.digest_plan or DigestPlan(0)
    since = now - timedelta(days=7 / len(plan.days))
    fresh = [ranked for ranked in found if ranked.story.last_seen >= since] or list(found[: plan.top])
    digest = compose([(ranked.story, ranked.importance) for ranked in fresh], plan, period="")
    listed = [ranked for group in digest.groups for ranked in group.stories]
    return digest_message(listed, title="Digest", left_out=digest.left_out_count)
