"""Web pages: their text, what they say of themselves, their links, and how lists of them are watched."""
