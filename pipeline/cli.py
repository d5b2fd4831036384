"""`lagebild`: the one console script. Each group of commands has its file in `pipeline/commands/`."""

from __future__ import annotations

import platform
from importlib import metadata

import typer

from pipeline.commands import alerts, articles, bench, demo, doctor, drill, entities, feeds, feeds_extract, inquiry, kibana, rules, running, setup
from pipeline.commands.terminal import AsJson, out, print_json

app = typer.Typer(
    name="lagebild",
    help="Watches live news: articles from feeds over Kafka into Elasticsearch, and alerts within seconds.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for group in (demo, running, setup, doctor, kibana, articles, rules, feeds, feeds_extract, entities, alerts, drill, inquiry, bench):
    group.add_to(app)


@app.command("version", help="The version of this program and of what it stands on.")
def version(as_json: AsJson = False) -> None:
    found = {name: metadata.version(name) for name in ("lagebild", "faust-streaming", "kafka-python", "elasticsearch", "langdetect")}
    found["python"] = platform.python_version()
    if as_json:
        print_json(found)
        return
    for name, number in found.items():
        out.print(f"{name} {number}")


def main() -> None:
    """The entry point. Ctrl-C ends a command with code 130 and no traceback."""
    try:
        app()
    except KeyboardInterrupt:
        raise SystemExit(130) from None


if __name__ == "__main__":
    main()
