"""The collector: which source is fetched when, and how what it brings is published, held, told and remembered."""
