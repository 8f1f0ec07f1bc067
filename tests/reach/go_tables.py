"""Tables of functions as Go's linker lays them out, with the names that a test wants in them."""

import struct

from sbom.test_programs import BEGIN, END, elf, uvarint
from stella.sbom.ecosystem import golang

RUNTIME = ("runtime.goexit", "runtime.main", "main.main")
MODULES = (
    "path\texample.com/shop/cmd/shop\nmod\texample.com/shop\tv1.0.0\t\n"
    "dep\texample.com/lib\tv1.2.3\th1:x=\n"
    "dep\texample.com/old\tv1.0.0\n=>\texample.com/fork\tv1.1.0\th1:z=\n"
    "build\tGOOS=linux\nbuild\tGOARCH=amd64\n"
)
MARKS = {"1.20": 0xF1, "1.18": 0xF0, "1.16": 0xFA}


def table(names, *, form: str = "1.20", order: str = "<", word: int = 8) -> bytes:
    """The table since Go 1.16: its header, the names, and something in the place of the rest."""
    count = 7 if form == "1.16" else 8
    text = b"".join(name.encode() + b"\0" for name in names)
    first = -(-(8 + count * word) // 32) * 32
    end = first + len(text)
    words = [
        len(names),
        1,
        *([0x401000] if count == 8 else []),
        first,
        end,
        end + 8,
        end + 16,
        end + 24,
    ]
    mark = 0xFFFFFF00 | MARKS[form]
    header = struct.pack(f"{order}IBBBB", mark, 0, 0, 1, word)
    header += struct.pack(f"{order}{count}{'Q' if word == 8 else 'I'}", *words)
    return header.ljust(first, b"\0") + text + b"\xee" * 64


def old_table(names) -> bytes:
    """The table before Go 1.16: names between other data."""
    header = struct.pack("<IBBBBQ", 0xFFFFFFFB, 0, 0, 1, 8, len(names))
    return header + b"".join(b"\x17\x02\0" + name.encode() + b"\0" for name in names)


def program(
    names=(), *, modules: str = MODULES, body: bytes | None = None, note: bool = True
) -> bytes:
    """A Go program of more than the least size, whose table holds ``names`` and the runtime's."""
    text = BEGIN + modules.encode() + END
    said = golang.NOTE_MAGIC + b"\x08\x02" + b"\0" * 16
    said += uvarint(8) + b"go1.21.5" + uvarint(len(text)) + text
    held = table([*RUNTIME, *names]) if body is None else body
    content = (b"go" if note else b"xx").ljust(0x4000, b"\0")
    content += held.ljust(-(-len(held) // 32) * 32, b"\0")
    return elf(content + said, size=max(300 * 1024, 0x4000 + len(held) + len(said) + 0x2000))
