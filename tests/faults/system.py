"""A running Lagebild: its configuration, its processes as real children, and waiting for what they do."""

from __future__ import annotations

import contextlib
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml  # noqa: F401
