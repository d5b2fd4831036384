"""The table of `topology.py` turned into a Faust worker: the only package that imports faust.

Faust 0.15.3 loses articles unless it is held like this:

* an agent that raises has acknowledged its event, so nothing may leave the loop below but the end of the process
* `noack` streams, and only a contiguous prefix per partition is acknowledged (`acknowledge.py`), after every delivery was awaited
* no tables, no sinks, no exactly_once, raw codec; no web server (`faust worker` binds one on every address unless told not to)
* what was fetched before a rebalance is forgotten (`epoch`), and state is dropped and restored

The consumer runs in a thread of its own, so heartbeats go on while a stage computes or restores.
"""

from pipeline.agents.app import GROUP, create_app
from pipeline.agents.process import EXIT_DEFECT, EXIT_STALLED, Row, run

__all__ = ["EXIT_DEFECT", "EXIT_STALLED", "GROUP", "Row", "create_app", "run"]
