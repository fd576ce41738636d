"""`/entity`: one organisation in the news — latest, kinds of event, partners, a chart — or two beside each other."""

from collections.abc import Callable
from datetime import datetime
from typing import Literal

from discord import app_commands

from bot.charts import with_chart
from bot.client.chosen import organisation_chosen
from bot.client.index import Index, offer_organisations
from bot.client.replies import SHARE, Interaction, RefusedError, defer, reply
from bot.core.chart import Period, period_of, within
from bot.core.entity import (
    LATEST,
    MOST_PARTNERS,
    TOGETHER,
    Profile,
    compare_chart,
    compare_message,
    entity_chart,
    entity_message,
)
from bot.core.lists import hours_of
from bot.store import Connection, Store, stories, trends

Clock = Callable[[], datetime]
Window = Literal["7d", "30d", "12w", "52w"]
WINDOW = "How far back to look; 30 days if you do not say"


def commands(*, store: Store, index: Index, clock: Clock) -> list[app_commands.Group]:
    """The group `/entity`."""
    entity = app_commands.Group(
        name="entity", description="Organisations: what is told of them, and with whom", guild_only=True
    )
    _add_info(entity, store=store, index=index, clock=clock)
    _add_compare(entity, store=store, index=index, clock=clock)
    return [entity]


def _add_info(entity: app_commands.Group, *, store: Store, index: Index, clock: Clock) -> None:
    @entity.command(name="info", description="One organisation: latest stories, kinds of event, partners, a chart")
    @app_commands.describe(name="The organisation; choose it from the list", window=WINDOW, share=SHARE)
    @app_commands.autocomplete(name=offer_organisations(index))
    async def info(interaction: Interaction, name: str, window: Window = "30d", share: bool = False) -> None:
        await defer(interaction, share=share)
        known = await _known(name, index=index, store=store)
        period = _period(window, clock())
        profile = await store.read(profile_of, known, period)
        message = entity_message(profile, period, known_since=await store.read(trends.first_day))
        if within(profile.days, period):
            message = await with_chart(message, entity_chart(profile, period), name="entity.png")
        await reply(interaction, message, share=share)


def _add_compare(entity: app_commands.Group, *, store: Store, index: Index, clock: Clock) -> None:
    @entity.command(name="compare", description="Two organisations beside each other, with a chart")
    @app_commands.describe(a="One organisation", b="The other organisation", window=WINDOW, share=SHARE)
    @app_commands.autocomplete(a=offer_organisations(index), b=offer_organisations(index))
    async def compare(interaction: Interaction, a: str, b: str, window: Window = "30d", share: bool = False) -> None:
        await defer(interaction, share=share)
        first, second = [await _known(each, index=index, store=store) for each in (a, b)]
        if first == second:
            raise RefusedError("These are the same organisation; choose two different ones, or see `/entity info`.")
        period = _period(window, clock())
        one, other = [await store.read(profile_of, name, period) for name in (first, second)]
        message = compare_message(
            one,
            other,
            period,
            together=await store.read(trends.together, first, second, period.begins),
            shared=await store.read(stories.naming, (first, second), limit=TOGETHER),
            known_since=await store.read(trends.first_day),
        )
        if within((*one.days, *other.days), period):
            message = await with_chart(message, compare_chart(one, other, period), name="compare.png")
        await reply(interaction, message, share=share)


def profile_of(c: Connection, name: str, period: Period) -> Profile:
    """What the archive knows of an organisation in the period and the one before."""
    last = stories.latest(c, organisation=name, limit=1)
    return Profile(
        name,
        days=trends.a_day(c, period.before.begins, organisation=name),
        partners=trends.partners(c, name, period.begins, limit=MOST_PARTNERS),
        latest=stories.latest(c, organisation=name, since=period.begins, limit=LATEST),
        last_told=last[0].last_seen if last else None,
    )


async def _known(typed: str, *, index: Index, store: Store) -> str:
    """The canonical name. Raises RefusedError."""
    name = await organisation_chosen(typed, index, is_named=lambda name: store.read(stories.is_named, name))
    if name is None:
        raise RefusedError("Type a few letters of an organisation and choose it from the list.")
    return name


def _period(window: str, now: datetime) -> Period:
    return period_of((hours_of(window) or 0) // 24, now)
