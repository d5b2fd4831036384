from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from pipeline import topology


def test_the_flow_is_consistent() -> None:
    assert topology.problems() == []


def test_a_second_writer_is_found() -> None:
    stages = (*topology.STAGES, replace(topology.stage("index"), name="other", writes=(topology.ENRICHED,)))
    assert any("articles.enriched has several writers" in each for each in topology.problems(stages=stages))


def test_every_topic_that_a_command_or_the_page_writes_to_is_declared() -> None:
    folder = Path(topology.__file__).parent
    sources = [each for name in ("commands", "console", "rules") for each in (folder / name).glob("*.py")] + [folder / "say.py"]
    written = {
        getattr(topology, name)
        for each in sources
        for name in re.findall(r"(?:\.send|publish_in_transactions)\([^\n]*topology\.([A-Z_]+)", each.read_text(encoding="utf-8"))
    }
    assert {topology.COLLECTED, topology.COMMANDS} <= written <= topology.OUTSIDE_WRITERS.keys()
    assert topology.topic(topology.COLLECTED).many_writers


def test_a_topic_that_nothing_writes_is_found() -> None:
    stages = tuple(each for each in topology.STAGES if each.name != "deduplicate")
    assert "nothing writes the topic articles.deduplicated" in topology.problems(stages=stages)


def test_state_with_other_partitions_than_its_input_is_found() -> None:
    topics = tuple(replace(each, partitions=2) if each.name == topology.KNOWN else each for each in topology.TOPICS)
    assert any("articles.known must have as many partitions" in each for each in topology.problems(topics=topics))


def test_an_undeclared_topic_is_found() -> None:
    stages = (*topology.STAGES, replace(topology.stage("index"), name="other", reads=("nowhere",), writes=()))
    assert any("names the topic nowhere" in each for each in topology.problems(stages=stages))


def test_stories_are_kept_a_day_longer_than_their_window() -> None:
    assert topology.topic(topology.STORIES).retention_seconds == topology.STORY_WINDOW_SECONDS + 24 * 3600
