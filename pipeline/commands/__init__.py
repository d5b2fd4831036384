"""The subcommands of `lagebild`, one file per group. They say things to people; what they do is done elsewhere."""
