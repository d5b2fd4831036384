"""Pages that matched a rule are read again: when, and what follows from it."""
