"""`tocsin poll --once`: one round over the feeds, without delivering."""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from bot.app import open_resources, poll_tick
from bot.cli.options import ConfigOption, DatabaseOption, FeedsOption, JsonOption, progress, run_async, settings_for
from bot.core.message import counted
from bot.settings import Settings
from handlers.poll import PollReport


def poll(
    once: Annotated[bool, typer.Option("--once", help="Polls and ends; `tocsin run` is what goes on.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Every feed, due or not.")] = False,
    config: ConfigOption = None,
    database: DatabaseOption = None,
    feeds: FeedsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Polls every due feed once and ends; delivers nothing."""
    if not once:
        raise typer.BadParameter("say `poll --once`; to go on polling, start `tocsin run`")
    settings = settings_for(config=config, database=database, feeds=feeds, quiet=True)
    with progress("polling"):
        report = run_async(_poll(settings, everything=everything))
    typer.echo(json.dumps(asdict(report)) if as_json else in_words(report))


async def _poll(settings: Settings, *, everything: bool) -> PollReport:
    async with open_resources(settings) as resources:
        return await poll_tick(resources, now=resources.clock(), everything=everything)


def in_words(report: PollReport) -> str:
    """The report as a sentence or two."""
    return (
        f"{counted(report.feeds, 'feed')} polled in {report.seconds:.1f} s: {report.fetched} fetched, "
        f"{report.not_modified} not modified, {report.failed} failed.\n"
        f"{counted(report.entries_new, 'new entry', 'new entries')}, {report.relevant} relevant: "
        f"{counted(report.stories_new, 'new story', 'new stories')}, {report.stories_grown} grown, "
        f"{counted(report.alerts, 'alert')} owed."
    )
