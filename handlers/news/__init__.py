"""`/news`: what was told lately, what was searched for, what matters most, as a digest and in figures."""

from collections.abc import Callable
from datetime import datetime

from discord import app_commands

from bot.client.index import Index
from bot.store import Store
from handlers.news.lists import add_latest, add_search, add_top, buttons, wanted_from
from handlers.news.overview import add_digest, add_trends

__all__ = ["buttons", "commands", "wanted_from"]


def commands(*, store: Store, index: Index, clock: Callable[[], datetime]) -> list[app_commands.Group]:
    """The group `/news`."""
    news = app_commands.Group(
        name="news", description="Stories: the latest, the most important, search, trends", guild_only=True
    )
    for add in (add_latest, add_search, add_top, add_digest):
        add(news, store=store, index=index, clock=clock)
    add_trends(news, store=store, clock=clock)
    return [news]
