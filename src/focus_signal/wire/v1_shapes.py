"""The schema, field by field: reads a message that way, and names the first field that it does not allow.

The decoder of msgspec takes a message or does not, and says little of why. Here each field is read by itself,
with the same decoder and by the same schema, so that an error can name the field, what came, and what would
be allowed. Nothing is known of single messages: a new one, or a new field, is covered as it is.
"""

import json
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Union, get_args

import msgspec
from attrs import frozen
from msgspec import UNSET, Meta, Raw, Struct, UnsetType, inspect

from focus_signal.errors import FocusSignalError
from focus_signal.wire.messages.from_client import AnyFromClient
from focus_signal.wire.unusable import shortened, shown

_ONE_LINE = str.maketrans("\t\r\n", "   ")
_decode_members = msgspec.json.Decoder(dict[str, Raw]).decode
_decode_items = msgspec.json.Decoder(list[Raw]).decode


class Mismatch(FocusSignalError):
    """Tell which field is wrong.

    Args:
      path: its name on the wire, as in `code`, `party.code` and `avoid[3]`.
      allowed: what it must be.
      came: what it is.
      code: that of the error, unless it goes by the field.
    """

    def __init__(self, path: str, allowed: str, came: Raw | UnsetType, code: str | None = None) -> None:
        super().__init__(path)
        self.path = path
        self.allowed = allowed
        self.came = _printable(shown(came).translate(_ONE_LINE))
        self.code = code


def _printable(text: str) -> str:
    if text.isprintable():
        return text
    return shortened("".join(each if each.isprintable() else json.dumps(each)[1:-1] for each in text))


@frozen
class Value:
    """Be a single value of a field.

    Args:
      allowed: what it may be.
      decode: reads it.
    """

    allowed: str
    decode: Callable[[Raw], Any]

    def read(self, raw: Raw, path: str) -> Any:  # noqa: ANN401 - what it is, its schema says
        """Read it.

        Raises:
          Mismatch: it is not what the schema allows.
        """
        try:
            return self.decode(raw)
        except (msgspec.DecodeError, ValueError):  # a number may be too long for Python
            raise Mismatch(path, self.allowed, raw) from None


@frozen
class Items:
    """Be an array, all of whose items are alike.

    Args:
      allowed: what it may be.
      item: what each may be.
      most: how many there may be.
    """

    allowed: str
    item: "Shape"
    most: int

    def read(self, raw: Raw, path: str) -> tuple[Any, ...]:
        """Read it; see `Value.read`."""
        try:
            items = _decode_items(raw)
        except msgspec.ValidationError:
            raise Mismatch(path, self.allowed, raw) from None
        if len(items) > self.most:
            raise Mismatch(path, self.allowed, raw)
        return tuple(self.item.read(item, f"{path}[{at}]") for at, item in enumerate(items))


@frozen
class Member:
    """Be a field of an object.

    Args:
      name: its name on the wire.
      attribute: its name in the struct.
      shape: what it may be.
      required: whether it must be there.
    """

    name: str
    attribute: str
    shape: "Shape"
    required: bool


@frozen
class Members:
    """Be an object.

    Args:
      allowed: what it may be.
      struct: what is made of it.
      members: its fields, by their names on the wire.
    """

    allowed: str
    struct: type[Struct]
    members: dict[str, Member]

    def read(self, raw: Raw, path: str) -> Struct:
        """Read it; see `Value.read`."""
        try:
            fields = _decode_members(raw)
        except msgspec.ValidationError:
            raise Mismatch(path, self.allowed, raw) from None
        return self.read_fields(fields, f"{path}.")

    def read_fields(self, fields: Mapping[str, Raw], above: str = "") -> Struct:
        """Make the struct of the fields that are there; others are ignored.

        Args:
          fields: each as it came.
          above: the path of the object, and a dot; nothing for the outermost.

        Raises:
          Mismatch: a field is missing, or is not what the schema allows; the first of them.
        """
        values: dict[str, Any] = {}
        for member in self.members.values():
            raw = fields.get(member.name)
            if raw is not None:
                values[member.attribute] = member.shape.read(raw, above + member.name)
            elif member.required:
                raise Mismatch(above + member.name, member.shape.allowed, UNSET)
        return self.struct(**values)


Shape = Value | Items | Members


def shape_of(node: inspect.Type) -> Shape:
    """Make the shape of what the schema says of a field.

    Raises:
      TypeError: it says something that nothing here can read.
    """
    match node:
        case inspect.Metadata(type=inner):
            return shape_of(inner)
        case inspect.VarTupleType(item_type=item, min_length=None, max_length=int(most)):
            return Items(f"an array of at most {most}", shape_of(item), most)
        case inspect.StructType(cls=struct, fields=fields):
            members = {
                each.encode_name: Member(each.encode_name, each.name, shape_of(each.type), each.required)
                for each in fields
            }
            return Members("an object", struct, members)
        case _:
            allowed, python_type = _value(node)
            return Value(allowed, msgspec.json.Decoder[Any](python_type).decode)


def _value(node: inspect.Type) -> tuple[str, Any]:
    """Say what a single value may be: for people, and for the decoder."""
    match node:
        case inspect.RawType():
            return "any JSON", Raw
        case inspect.BoolType():
            return "true or false", bool
        case inspect.NoneType():
            return "null", None
        case inspect.IntType(gt=None, ge=int(least), lt=None, le=int(most), multiple_of=None):
            return f"a whole number from {least} to {most}", Annotated[int, Meta(ge=least, le=most)]
        case inspect.StrType(min_length=shortest, max_length=longest, pattern=None):
            lengths = Meta(min_length=shortest, max_length=longest)
            return _text_allowed(shortest, longest), Annotated[str, lengths]
        case inspect.UnionType(types=types):
            each = [_value(one) for one in types]
            return " or ".join(text for text, _ in each), Union[tuple(kind for _, kind in each)]  # noqa: UP007 - made of what there is
        case _:
            raise TypeError(f"nothing here reads {node}")


def _text_allowed(shortest: int | None, longest: int | None) -> str:
    if longest is None:
        return f"text of at least {shortest} characters" if shortest else "text"
    if not shortest:
        return f"text of at most {longest} characters"
    return f"text of {shortest} to {longest} characters"


def _shape_of_message(struct: type[Struct]) -> Members:
    shape = shape_of(inspect.type_info(struct))
    assert isinstance(shape, Members)  # noqa: S101 - a struct is an object
    return shape


SHAPES: dict[str, Members] = {
    str(struct.__struct_config__.tag): _shape_of_message(struct) for struct in get_args(AnyFromClient)
}
"""Every message that a client may send, by its type, in the order of the schema."""
