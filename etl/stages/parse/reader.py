"""What a reader of one shape of page is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from etl.model import Parsed


@dataclass(frozen=True, slots=True)
class Reader:
    """One shape: `sniff` says from the text whether it is this shape, `read` turns it into lines and fields.

    `sniff` must be cheap and look at a bounded part of the text; `read` must be linear in it.
    """

    name: str
    sniff: Callable[[str], bool]
    read: Callable[[str], Parsed]
