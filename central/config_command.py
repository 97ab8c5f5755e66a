"""`motcua config`: whether a configuration is right, what it comes to, and what can be set at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import click
import msgspec
import tomli_w
from msgspec import inspect

from edge.settings import NAME, NodeSettings, may_be_above, read_config, sources, variable

HIDDEN: Final = "(hidden)"
_HEAD: Final = f"""\
# Settings

*Made from the code by `motcua config explain`; a test holds it against it.*

A node has one file, `{NAME}` in its folder, or wherever `--config` says. `motcua config check FILE` says whether it is
right, and otherwise in which line it is wrong; `motcua config show FILE` says what comes of it, and where each value was
said. A node reads it when it starts: after a change start it again.

A variable of the environment stands above what the file says, where the table names one.
"""


def check_command(file: Path) -> None:
    """One line when all is right. Raises `CannotStart`."""
    settings = read_config(file)
    click.echo(f"{file}: {settings.node} at {settings.host}:{settings.port}")


def show_command(file: Path, *, as_json: bool) -> None:
    """Every setting, with where it was said; no secrets. Raises `CannotStart`."""
    settings = read_config(file)
    said = sources(file)
    values = _open(msgspec.to_builtins(settings), inspect.type_info(NodeSettings))
    shown = {
        field.encode_name: values.get(field.encode_name, msgspec.to_builtins(getattr(settings, field.name)))
        for field in msgspec.structs.fields(NodeSettings)
    }
    if as_json:
        told = {name: {"value": value, "from": said[name]} for name, value in shown.items()}
        click.echo(msgspec.json.encode(told).decode())
        return
    simple = {name: value for name, value in shown.items() if not _is_block(value)}
    for name, value in simple.items():
        if value is None:
            click.echo(f"# {name} is not set")
        else:
            click.echo(f"{tomli_w.dumps({name: value}).strip()}  # {said[name]}")
    for name in (one for one in shown if one not in simple):
        click.echo(f"\n# {said[name]}\n{tomli_w.dumps({name: shown[name]}).strip()}")


def _is_block(value: object) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and bool(value) and isinstance(value[0], dict))


def _open(value: Any, kind: inspect.Type) -> Any:
    """A value without its secrets."""
    if isinstance(kind, inspect.Metadata):
        return HIDDEN if value and (kind.extra or {}).get("secret") else _open(value, kind.type)
    if isinstance(kind, inspect.UnionType):
        structs = [one for one in kind.types if isinstance(one, inspect.StructType)]
        return _open(value, structs[0]) if value is not None and structs else value
    if isinstance(kind, inspect.VarTupleType):
        return [_open(one, kind.item_type) for one in value]
    if isinstance(kind, inspect.StructType):
        kinds = {field.encode_name: field.type for field in kind.fields}
        return {name: _open(one, kinds[name]) for name, one in value.items()}
    return value


def explained() -> str:
    """docs/settings.md."""
    return "\n".join((_HEAD, *_section("The node", NodeSettings, above=True), *_sections(NodeSettings)))


def _sections(struct: type[msgspec.Struct]) -> Iterator[str]:
    for field in _fields(struct):
        inner, header = _block(field)
        if inner is not None:
            yield from _section(f"`{header}`", inner.cls, above=False)


def _section(title: str, struct: type[msgspec.Struct], *, above: bool) -> Iterator[str]:
    """A heading, what it is about, and a table of its settings."""
    yield f"## {title}\n"
    yield " ".join((struct.__doc__ or "").split()) + "\n"
    variables = {one.name: variable(one.name) for one in msgspec.structs.fields(struct) if may_be_above(one)}
    yield f"| setting | what it is | kind | default |{' variable |' if above else ''}"
    yield f"|---|---|---|---|{'---|' if above else ''}"
    for field in _fields(struct):
        extra = _extra(field)
        what = str(extra["description"])
        if "examples" in extra:
            what += f" Like `{_toml(extra['examples'][0])}`."
        inner, header = _block(field)
        kind = f"`{header}` below" if inner is not None else _kind(field.type)
        row = [f"`{field.encode_name}`", what, kind, _default(field)]
        if above:
            row.append(f"`{variables[field.name]}`" if field.name in variables else "")
        yield f"| {' | '.join(row)} |"
    yield ""


def _fields(struct: type[msgspec.Struct]) -> tuple[inspect.Field, ...]:
    kind = inspect.type_info(struct)
    assert isinstance(kind, inspect.StructType)  # noqa: S101 - what `struct` is
    return kind.fields


def _extra(field: inspect.Field) -> Mapping[str, Any]:
    return (field.type.extra_json_schema or {}) if isinstance(field.type, inspect.Metadata) else {}


def _block(field: inspect.Field) -> tuple[inspect.StructType | None, str]:
    """What stands in blocks of its own, and the header of such a block."""
    kind = field.type.type if isinstance(field.type, inspect.Metadata) else field.type
    if isinstance(kind, inspect.VarTupleType) and isinstance(kind.item_type, inspect.StructType):
        return kind.item_type, f"[[{field.encode_name}]]"
    if isinstance(kind, inspect.UnionType):
        for one in kind.types:
            if isinstance(one, inspect.StructType):
                return one, f"[{field.encode_name}]"
    return None, ""


def _kind(kind: inspect.Type) -> str:
    """What a value must be, in words."""
    match kind:
        case inspect.Metadata(type=inner):
            return _kind(inner)
        case inspect.UnionType(types=types):
            return ", or ".join(_kind(one) for one in types if not isinstance(one, inspect.NoneType))
        case inspect.StrType():
            return "text"
        case inspect.BoolType():
            return "`true` or `false`"
        case inspect.IntType(ge=low, le=high):
            bounds = f"{low} to {high:,}" if high is not None else f"{low} or more"
            return f"number, {bounds}"
        case inspect.EnumType(cls=cls):
            return " or ".join(f'`"{one.value}"`' for one in cls)
        case inspect.LiteralType(values=values):
            return " or ".join(f'`"{one}"`' for one in values)
        case inspect.VarTupleType():
            return "list of texts"
        case inspect.DictType():
            return "table of texts"
        case _:
            raise TypeError(f"no words for {kind}")


def _default(field: inspect.Field) -> str:
    if field.required:
        return "must be said"
    default = field.default_factory() if field.default_factory is not msgspec.NODEFAULT else field.default
    return f"`{_toml(default)}`" if default not in (None, "", (), {}) else "none"


def _toml(value: object) -> str:
    text = tomli_w.dumps({"x": list(value) if isinstance(value, tuple) else value})
    return " ".join(text.partition("=")[2].split()).replace("[ ", "[").replace(", ]", "]")
