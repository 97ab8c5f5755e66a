"""A browser without eyes: opens pages, fills in their forms and presses their buttons, as a person would.

It knows nothing of a page but its HTML: hidden fields, tokens and what was filled in already go back as they
came. Whatever is not on the page cannot be pressed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final
from urllib.parse import urljoin

import requests

TIMEOUT_S = 30
_BEFORE_A_MARK: Final = re.compile(r" (?=[,.;:)](?: |$))")


class PageError(Exception):
    """A page said no, or did not have what was looked for; `text` is what it said."""

    def __init__(self, url: str, status: int, text: str) -> None:
        super().__init__(f"{url} answered {status}: {text[:600]}")
        self.status, self.text = status, text


@dataclass(slots=True)
class FormOnPage:
    """A form with what it would send if nothing were changed.

    `choices` are the values of radio buttons, boxes and lists; `labels` are the words beside them by
    (name, value); `buttons` are (name, value) of its buttons.
    """

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    choices: dict[str, list[str]] = field(default_factory=dict)
    labels: dict[tuple[str, str], str] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)

    def choice(self, name: str, words: str) -> str:
        """The value of the first choice that has these words beside it."""
        for (of, value), label in self.labels.items():
            if of == name and words in label:
                return value
        raise PageError(self.action, 200, f"no choice {words!r} for {name} in {list(self.labels.values())}")


@dataclass(slots=True)
class Page:
    """One page as it came: its address, its words, its forms and its links."""

    url: str
    text: str
    forms: list[FormOnPage]
    links: list[tuple[str, str]]

    def form(self, having: str) -> FormOnPage:
        """The form whose address ends like this, or that has a field of this name."""
        for form in self.forms:
            if form.action.split("?")[0].endswith(having) or having in form.fields or having in form.choices:
                return form
        raise PageError(self.url, 200, f"no form {having!r} here: {self.text}")


class Visitor:
    """One person at one machine: a session of their own."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["Accept"] = "text/html"

    def open(self, path: str) -> Page:
        """The page at a path; raises `PageError` unless it is a good one."""
        return _read(self._session.get(urljoin(self.url, path), timeout=TIMEOUT_S))

    def press(
        self, page: Page, form: FormOnPage, button: tuple[str, str] | None = None, **filled: str
    ) -> Page:
        """Send a form with what is filled in, and follow to where it leads."""
        fields = {**form.fields, **filled}
        if button is not None:
            if button not in form.buttons:
                raise PageError(page.url, 200, f"no button {button} in {form.buttons}")
            fields[button[0]] = button[1]
        target = urljoin(page.url, form.action)
        if form.method == "get":
            return _read(self._session.get(target, params=fields, timeout=TIMEOUT_S))
        return _read(self._session.post(target, data=fields, timeout=TIMEOUT_S))


def _read(answer: requests.Response) -> Page:
    page = parse(answer.url, answer.text)
    if answer.status_code != 200:
        raise PageError(answer.url, answer.status_code, page.text)
    return page


def parse(url: str, html: str) -> Page:
    """A page's words, forms and links."""
    reader = _Reader()
    reader.feed(html)
    return Page(url, _as_read(reader.words), reader.forms, reader.links)


def _as_read(words: Sequence[str]) -> str:
    """Pieces of text one after another; no space stands before a mark that follows an element, a name marked as Vietnamese."""
    return _BEFORE_A_MARK.sub("", " ".join(" ".join(words).split()))


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.forms: list[FormOnPage] = []
        self.links: list[tuple[str, str]] = []
        self._form: FormOnPage | None = None
        self._named: dict[str, FormOnPage] = {}
        self._silent = 0
        self._area: str | None = None
        self._select: str | None = None
        self._link: str | None = None
        self._label: list[str] | None = None
        self._labelled: tuple[FormOnPage, tuple[str, str]] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        members = {name: value or "" for name, value in attrs}
        match tag:
            case "script" | "style" | "title":
                self._silent += 1
            case "form":
                self._form = FormOnPage(members.get("action", ""), members.get("method", "get").lower())
                self.forms.append(self._form)
                if "id" in members:
                    self._named[members["id"]] = self._form
            case "a":
                self._link = members.get("href")
            case "label":
                self._label, self._labelled = [], None
            case "input" | "textarea" | "select" | "button":
                self._field(tag, members)
            case "option" if self._select is not None:
                self._option(members)
            case _:
                pass

    def handle_endtag(self, tag: str) -> None:
        match tag:
            case "script" | "style" | "title":
                self._silent -= 1
            case "form":
                self._form = None
            case "textarea":
                self._area = None
            case "select":
                self._select = None
            case "a":
                self._link = None
            case "label":
                if self._label is not None and self._labelled is not None:
                    form, choice = self._labelled
                    form.labels[choice] = _as_read(self._label)
                self._label = self._labelled = None
            case _:
                pass

    def handle_data(self, data: str) -> None:
        if self._area is not None and self._form is not None:
            self._form.fields[self._area] += data.removeprefix("\n")
        elif not self._silent:
            self.words.append(data)
            if self._label is not None:
                self._label.append(data)
            if self._link is not None:
                self.links.append((self._link, data.strip()))

    def _field(self, tag: str, members: dict[str, str]) -> None:
        form = self._named.get(members.get("form", ""), self._form)
        name = members.get("name", "")
        if form is None or not name or "disabled" in members:
            return
        kind = members.get("type", "submit" if tag == "button" else "text")
        match tag, kind:
            case "button", _:
                form.buttons.append((name, members.get("value", "")))
            case "textarea", _:
                form.fields[name] = ""
                self._area = name
            case "select", _:
                self._select = name
            case "input", "radio" | "checkbox":
                form.choices.setdefault(name, []).append(members.get("value", "on"))
                self._labelled = (form, (name, members.get("value", "on")))
                if "checked" in members:
                    form.fields[name] = members.get("value", "on")
            case "input", "submit":
                form.buttons.append((name, members.get("value", "")))
            case _:
                form.fields[name] = members.get("value", "")

    def _option(self, members: dict[str, str]) -> None:
        if self._form is None or self._select is None:
            return
        value = members.get("value", "")
        self._form.choices.setdefault(self._select, []).append(value)
        if "selected" in members or self._select not in self._form.fields:
            self._form.fields[self._select] = value
