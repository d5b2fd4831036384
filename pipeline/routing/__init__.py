"""Who is told, and whether they may be told now: routes, silences, inhibition, hours, rosters, throttles, digests. Pure."""
