"""What happens to one article, stage by stage: pure functions of a record and a few small ports."""
