"""`lagebild`: the one console script. Each group of commands has its file in `pipeline/commands/`, which is read when one of them is asked for."""

from __future__ import annotations

import platform
from importlib import import_module, metadata
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_group

from pipeline.commands.terminal import AsJson, out, print_json

# The commands in the order in which the help shows them, each with its file.
_FILES = {
    "demo": "demo",
    "run": "running",
    "check": "setup",
    "topics": "setup",
    "index": "index",
    "config": "setup",
    "doctor": "doctor",
    "kibana": "kibana",
    "trace": "articles",
    "try": "articles",
    "rejected": "articles",
    "rules": "rules",
    "feeds": "feeds",
    "entities": "entities",
    "alerts": "alerts",
    "drill": "drill",
    "report": "inquiry",
    "evidence": "inquiry",
    "bench": "bench",
}


class _Commands(TyperGroup):
    """The commands by name. Importing all of their files takes a second, of which a command that is asked for often needs a fraction."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [*_FILES, *self.commands.keys() - _FILES.keys()]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name in _FILES:
            self._load(cmd_name)
        elif cmd_name not in self.commands:
            # Who mistypes a name is told the nearest of all.
            for each in _FILES:
                self._load(each)
        return super().get_command(ctx, cmd_name)

    def _load(self, name: str) -> None:
        if name not in self.commands:
            group = typer.Typer()
            import_module(f"pipeline.commands.{_FILES[name]}").add_to(group)
            self.commands.update(get_group(group).commands)


app = typer.Typer(
    name="lagebild",
    cls=_Commands,
    help="Watches live news: articles from feeds over Kafka into Elasticsearch, and alerts within seconds.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.command("version", help="The version of this program and of what it stands on.")
def version(as_json: AsJson = False) -> None:
    found = {name: metadata.version(name) for name in ("lagebild", "faust-streaming", "kafka-python", "elasticsearch", "langdetect")}
    found["python"] = platform.python_version()
    if as_json:
        print_json(found)
        return
    for name, number in found.items():
        out.print(f"{name} {number}")


def _tell_version(wanted: bool) -> None:
    if wanted:
        out.print(f"lagebild {metadata.version('lagebild')}")
        raise typer.Exit


Version = Annotated[bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="The version, and nothing else.")]


@app.callback()
def lagebild(version: Version = False) -> None:
    """Options before the name of a command."""


def main() -> None:
    """The entry point. Ctrl-C ends a command with code 130 and no traceback."""
    try:
        app()
    except KeyboardInterrupt:
        raise SystemExit(130) from None


if __name__ == "__main__":
    main()
