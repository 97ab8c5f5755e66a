"""`_security`: who may enter a database, and whose it is. protocol.md §1.2, §1.4.

`{"admins": {"names": […], "roles": […]}, "members": {…}}`. Without any member it is open to everybody who
gets as far as asking. A server's own admin has the role `_admin`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sync.documents import Json
from sync.errors import BadRequest
from sync.sessions import User

ADMIN_ROLE = "_admin"
ONLY_ADMINS: Json = {"members": {"roles": [ADMIN_ROLE]}, "admins": {"roles": [ADMIN_ROLE]}}
"""What CouchDB 3 begins a database with."""


def is_member(security: Mapping[str, Any], user: User | None) -> bool:
    """Whether a user may enter; None is somebody who is not signed in."""
    names, roles = _listed(security, "members")
    if not names and not roles:
        return True
    return _is_among(user, names, roles) or is_database_admin(security, user)


def is_database_admin(security: Mapping[str, Any], user: User | None) -> bool:
    """Whether the database is a user's; a server's admin is always one."""
    names, roles = _listed(security, "admins")
    return _is_among(user, names, [ADMIN_ROLE, *roles])


def checked_security(value: object) -> Json:
    """Raises `BadRequest`. Members that are not CouchDB's are kept."""
    if not isinstance(value, dict):
        raise BadRequest("Request body must be a JSON object")
    for group in ("admins", "members"):
        lists = value.get(group, {})
        if not isinstance(lists, dict):
            raise BadRequest(f"{group} must be a JSON object")
        for kind in ("names", "roles"):
            listed = lists.get(kind, [])
            if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
                raise BadRequest(f"{kind} must be a JSON list of strings")
    return value


def _listed(security: Mapping[str, Any], group: str) -> tuple[list[str], list[str]]:
    lists = security.get(group, {})
    return lists.get("names", []), lists.get("roles", [])


def _is_among(user: User | None, names: list[str], roles: list[str]) -> bool:
    return user is not None and (user.name in names or not set(user.roles).isdisjoint(roles))
