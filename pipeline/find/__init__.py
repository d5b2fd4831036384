"""Where the words of a rule stand in a text, by which of the many ways of writing them, and why some do not count."""
