"""peewee, for the spool and for a node's tables, without the drivers that it loads wherever they are installed.

Models go over connections of ours and never over peewee's. psycopg is 16 MB and 70 ms of every process, and few speak to
PostgreSQL. So peewee is imported here and nowhere else.
"""

from __future__ import annotations

import sys
from typing import Final

_DRIVERS: Final = ("psycopg", "psycopg2", "psycopg2cffi")
_unseen: Final = [name for name in _DRIVERS if name not in sys.modules]
sys.modules.update(dict.fromkeys(_unseen))  # type: ignore[arg-type] # None: to whoever asks, it is not installed
try:
    from peewee import (
        AutoField,
        BlobField,
        CompositeKey,
        DatabaseProxy,
        IntegerField,
        Model,
        PeeweeException,
        SqliteDatabase,
        TextField,
        Tuple,
    )
finally:
    for _name in _unseen:
        del sys.modules[_name]

__all__ = [
    "AutoField",
    "BlobField",
    "CompositeKey",
    "DatabaseProxy",
    "IntegerField",
    "Model",
    "PeeweeException",
    "SqliteDatabase",
    "TextField",
    "Tuple",
]
