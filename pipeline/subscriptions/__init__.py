"""Subscription lists: which sources a configuration has, as other programs read and write them.

1. `opml`: OPML text to outlines and back (pure). 2. `planning`: which outlines become sources, under which id, and why the others do not (pure).
3. `amending`: sources added to, or changed in, the text of a configuration whose comments stay.
"""
