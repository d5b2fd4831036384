"""What is added to an article before the rules look at it: one file for each enricher."""
