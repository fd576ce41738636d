"""What the reports of one feed owe: first alerts, updates, and what a storm swept in.

It reads what people want and what they were told; the decision is core/owing's, the writing down the desk's.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial

from bot.core.alert import Alert
from bot.core.importance import LEVELS, Importance
from bot.core.owing import Hold, owed, updates
from bot.core.story import Story
from bot.store import Connection, alerts, polls, waiting
from handlers.poll.reading import Tick
from handlers.poll.wishes import Wishes, wishes

Weigh = Callable[[Story, Collection[str]], Importance]


def dues(
    c: Connection, tick: Tick, placed: Sequence[polls.Judged], weigh: Weigh, *, gather: bool = False
) -> tuple[Alert, ...]:
    """The alerts that are owed by stories with a report young enough, each as the story stands after all of them;
    gathered first after a long stop, and where `gather` says so."""
    young = [each for each in placed if each.placement and _is_young(each, tick)]
    if not young:
        return ()
    latest = {each.placement.story.id: each.placement.story for each in placed if each.placement}
    fresh = {each.placement.story.id for each in young if each.placement and each.quiet is None}
    swept = {each.placement.story.id for each in young if each.placement} - fresh
    wanted = wishes(c, tick.now, long_stop=tick.long_stop or gather)
    owe = partial(
        owed,
        matched=alerts.matched(c, fresh | swept),
        waiting=waiting.for_digest(c, fresh),
        tellers=alerts.tellers(c, fresh | swept),
        weigh=weigh,
        servers=wanted.servers,
        thresholds=tick.rules.thresholds,
        topics=tick.rules.topics,
    )
    first = owe([latest[id] for id in latest if id in fresh], wanted.subscriptions, holds=wanted.holds)
    listed = owe([latest[id] for id in latest if id in swept], wanted.subscriptions, holds=_gathered(wanted, tick))
    return first + listed + _updates(c, tick, young, latest, weigh, wanted)


def _updates(
    c: Connection, tick: Tick, young: Sequence[polls.Judged], latest: Mapping[str, Story], weigh: Weigh, wanted: Wishes
) -> tuple[Alert, ...]:
    """What those who were told should hear of: a denial, another sum, another main party."""
    material = {
        each.placement.story.id: each.placement.material
        for each in young
        if each.placement and each.placement.material and each.quiet is None
    }
    if not material:
        return ()
    told = alerts.sent_to(c, material)
    critical = {id for id in material if weigh(latest[id], ()).level == LEVELS[-1]}
    revisions = {id: story.revision for id, story in latest.items()}
    return updates(material, sorted(told), revisions, holds=wanted.holds, critical=critical)


def _is_young(judged: polls.Judged, tick: Tick) -> bool:
    oldest = tick.now - tick.rules.stale_after
    return judged.article.published is None or judged.article.published >= oldest


def _gathered(wanted: Wishes, tick: Tick) -> dict[int, Hold]:
    """What a storm swept in is told in one message for each subscription, after its quiet hours."""
    storm = Hold("storm of entries", tick.now)
    return {
        each.id: replace(wanted.holds.get(each.id, storm), critical_override=False) for each in wanted.subscriptions
    }
