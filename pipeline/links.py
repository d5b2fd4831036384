"""Where a message leads: addresses on the live page and in Kibana, made of what the team configured."""

from __future__ import annotations

from urllib.parse import quote

from pipeline.message import Message
from pipeline.sections import Alerts


def links(message: Message, settings: Alerts, runbook: str = "") -> dict[str, str]:
    """The addresses by name: episode, acknowledge, silence, story, kibana, runbook; only those that the configuration allows.

    Opening one changes nothing: chat programs fetch links on their own, so the page asks before it acknowledges or silences.
    """
    found: dict[str, str] = {}
    page = settings.page_url.rstrip("/")
    if page and message.episode_id:
        episode = quote(message.episode_id, safe="")
        found["episode"] = f"{page}/?episode={episode}"
        found["acknowledge"] = f"{page}/?episode={episode}&do=acknowledge"
        found["silence"] = f"{page}/?episode={episode}&do=silence"
    if kibana := settings.kibana_url.rstrip("/"):
        field, value = ("news.story.id", message.story_id) if message.story_id else ("_id", message.article_id)
        if value:
            query = quote(f'{field} : "{value}"', safe="")
            found["story" if message.story_id else "kibana"] = f"{kibana}/app/discover#/?_a=(query:(language:kuery,query:'{query}'))"
    if runbook.startswith(("http://", "https://")):
        found["runbook"] = runbook
    return found
