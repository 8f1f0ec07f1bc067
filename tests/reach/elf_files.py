"""Programs and libraries that ask the dynamic linker for others, as bytes."""

import struct


def elf_file(
    *needed: str,
    rpath: str = "",
    runpath: str = "",
    interpreter: str = "",
    machine: int = 62,
    is_wide: bool = True,
    order: str = "<",
) -> bytes:
    """A dynamic ELF file of three segments whose first one holds all of it."""
    names = bytearray(b"\0")

    def named(text: str) -> int:
        at = len(names)
        names.extend(text.encode() + b"\0")
        return at

    entries = [(1, named(one)) for one in needed]
    entries += [(15, named(rpath))] if rpath else []
    entries += [(29, named(runpath))] if runpath else []
    base, names_at = 0x10000, 0x400
    entries += [(5, base + names_at), (0, 0)]
    word = "Q" if is_wide else "I"
    dynamic = b"".join(struct.pack(f"{order}2{word}", *entry) for entry in entries)
    interpreter_at = names_at + len(names)
    dynamic_at = -(-(interpreter_at + len(interpreter) + 1) // 16) * 16
    size = dynamic_at + len(dynamic)
    segments = [(1, 0, size), (2, dynamic_at, len(dynamic))]
    segments += [(3, interpreter_at, len(interpreter) + 1)] if interpreter else []
    head = b"\x7fELF" + bytes([2 if is_wide else 1, 2 if order == ">" else 1, 1]) + b"\0" * 9
    if is_wide:
        head += struct.pack(
            f"{order}HHIQQQIHHHHHH", 3, machine, 1, 0, 64, 0, 0, 64, 56, len(segments), 0, 0, 0
        )
        for kind, at, length in segments:
            head += struct.pack(
                f"{order}IIQQQQQQ", kind, 5, at, base + at, base + at, length, length, 16
            )
    else:
        head += struct.pack(
            f"{order}HHIIIIIHHHHHH", 3, machine, 1, 0, 52, 0, 0, 52, 32, len(segments), 0, 0, 0
        )
        for kind, at, length in segments:
            head += struct.pack(
                f"{order}IIIIIIII", kind, at, base + at, base + at, length, length, 5, 16
            )
    made = head.ljust(names_at, b"\0") + bytes(names) + interpreter.encode() + b"\0"
    return made.ljust(dynamic_at, b"\0") + dynamic
