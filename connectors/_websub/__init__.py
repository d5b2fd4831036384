"""Feeds that a hub pushes (WebSub, W3C Recommendation of 2018-01-23), while polling goes on more slowly.

1. `discovery`: which hub a feed names. 2. `agreement`: what was asked of the hub, and what it confirmed. 3. `endpoint`: what the hub sends, over HTTP.
4. `signature`: whether it was the hub. 5. `document`: what a pushed document brings. 6. `trust`: whether the hub sends all that a poll finds.
7. `memory`: all of it in one record. 8. `pushed`: the connector around a polled feed that puts these together, where that is `wanted`.
9. `leaving`: the end, for feeds that are removed or paused.

All but `hub`, `endpoint`, `pushed` and `leaving` decide, without a network.
"""
