"""The names in a Go program's table of functions: of made ones in every layout, and of a real one."""

import re
import shutil
import struct
from pathlib import Path

import compose
import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reach.go_tables import MARKS, RUNTIME, old_table, program, table
from stella.sbom.ecosystem.go_functions import FunctionTables, asked_names, is_linked
from stella.sbom.ecosystem.program import read_program
from stella.sbom.facts import GoFunctions

NAMES = (
    "net/http.(*Server).Serve",
    "net/http.HandlerFunc.ServeHTTP",
    "example.com/lib.Parse",
    "example.com/lib.Walk.func1.2",
    "example.com/lib.(*Tree[...]).Insert",
    "example.com/lib.Sort[go.shape.struct { example.com/a.b []int }].func1",
    "example.com/lib.(*Tree[...]).Close-fm",
    "example.com/lib/v2.Parse",
    "gopkg.in/yaml%2ev3.(*Decoder).Decode",
    "type:.eq.example.com/lib.Key",
    "go:struct { net/url.URL }.String",
    "example.com/app/vendor/golang.org/x/net/html.Parse",
)
LINKED = (
    ("net/http", "Server.Serve"),
    ("net/http", "HandlerFunc.ServeHTTP"),
    ("example.com/lib", "Parse"),
    ("example.com/lib", "Walk"),
    ("example.com/lib", "Tree.Insert"),
    ("example.com/lib", "Sort"),
    ("example.com/lib", "Tree.Close"),
    ("example.com/lib/v2", "Parse"),
    ("gopkg.in/yaml.v3", "Decoder.Decode"),
    ("example.com/app/vendor/golang.org/x/net/html", "Parse"),
)


def read(content: bytes, size: int = 64 * 1024) -> GoFunctions:
    tables = FunctionTables()
    for at in range(0, len(content), size):
        tables.feed(content[at : at + size])
    return tables.end()


def elf_of(body: bytes, *, is_big: bool = False) -> bytes:
    return b"\x7fELF\x02" + (b"\x02" if is_big else b"\x01") + b"\0" * 26 + body


@pytest.mark.parametrize("size", [13, 4096, 10**7])
@pytest.mark.parametrize("form", MARKS)
@pytest.mark.parametrize(("order", "word"), [("<", 8), ("<", 4), (">", 8)])
def test_every_layout_gives_the_names_however_its_bytes_come_in(form, order, word, size):
    body = table([*RUNTIME, *NAMES], form=form, order=order, word=word)
    found = read(elf_of(body, is_big=order == ">"), size)
    assert found.unread == ""
    assert [one for one in LINKED if not is_linked(found.packages.get(one[0], b""), one[1])] == []
    assert not is_linked(found.packages["example.com/lib"], "Pars")
    assert not is_linked(found.packages["example.com/lib"], "Tree")
    assert sorted(found.packages) == sorted({one for one, _ in LINKED} | {"main", "runtime"})


def test_before_1_16_a_name_that_is_found_counts_and_no_other():
    found = read(elf_of(old_table([*RUNTIME, *NAMES])))
    assert is_linked(found.packages["example.com/lib"], "Parse")
    assert "before 1.16" in found.unread


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (elf_of(b"\0" * 4096), "no table"),
        (elf_of(table(NAMES)), "another linker's"),
        (elf_of(table([*RUNTIME, *NAMES])[:-200]), "cut off"),
        (elf_of(table(RUNTIME).ljust(1024, b"\0") * 9), "several tables"),
        (elf_of(table(RUNTIME).ljust(1024, b"\0") + old_table(NAMES)), "before 1.16"),
        (elf_of(table([*RUNTIME, "plugin.Open"])), "opens plugins"),
        (elf_of(table([*RUNTIME, "a.b" + "c" * 17_000, "a.d"])), "longer than 16384"),
        (
            elf_of(struct.pack("<IBBBB8Q", 0xFFFFFFF1, 0, 0, 1, 8, 5, 1, 0, 72, *[1 << 40] * 4)),
            "names are 1099511627704 bytes long",
        ),
    ],
    ids=["none", "no runtime", "cut", "many", "old", "plugins", "name", "long"],
)
def test_what_cannot_be_read_is_said_and_nothing_is_proven_by_it(content, reason):
    assert reason in read(content).unread


def test_all_tables_of_a_file_count_for_one_may_be_of_a_program_that_it_holds():
    first = table([*RUNTIME, "example.com/guest.Run"])
    both = first.ljust(-(-len(first) // 32) * 32, b"\0") + table([*RUNTIME, "example.com/host.Run"])
    found = read(elf_of(both))
    assert {"example.com/guest", "example.com/host"} <= set(found.packages)
    # Of the host's own table, had it another mark, nothing would be there but the guest's.
    assert "several tables" in found.unread


@pytest.mark.parametrize("word", [4, 8])
@pytest.mark.parametrize("form", MARKS)
def test_the_first_name_is_read_wherever_the_bytes_are_cut(form, word):
    count = 7 if form == "1.16" else 8
    first = b"example.com/first.A\0" + b"".join(n.encode() + b"\0" for n in RUNTIME)
    head = 8 + count * word
    made = table(RUNTIME, form=form, word=word)
    kind = "Q" if word == 8 else "I"
    words = list(struct.unpack_from(f"<{count}{kind}", made, 8))
    words[-5:] = [head, head + len(first), *[head + len(first) + 8] * 3]
    body = made[:8] + struct.pack(f"<{count}{kind}", *words) + first + b"\xee" * 64
    content = elf_of(body)
    for cut in range(28, len(content)):
        tables = FunctionTables()
        tables.feed(content[:cut])
        tables.feed(content[cut:])
        found = tables.end()
        assert set(found.packages) == {"example.com/first", "runtime", "main"}, cut


def test_marks_without_end_cost_no_more_than_other_bytes():
    # Each was once copied with all that follows it in the piece: a thousand times as much.
    tables = FunctionTables()
    tables.feed(elf_of(b""))
    tables.feed(struct.pack("<IBBBB", 0xFFFFFFF1, 0, 0, 1, 8) * 1_000_000)
    assert tables.end().unread == "it has no table of functions that can be read"
    # Nor are they looked at for ever: what comes after so many of them is not believed.
    tables.feed(table([*RUNTIME, *NAMES]))
    found = tables.end()
    assert (found.packages, found.unread) == ({}, "it has no table of functions that can be read")


def test_names_cut_by_pieces_give_the_same_whatever_the_limits(monkeypatch):
    names = [*RUNTIME, *(f"example.com/p{n}.F" for n in range(50)), "a.b" + "c" * 17_000, "a.z"]
    monkeypatch.setattr("stella.sbom.ecosystem.go_functions._PACKAGES_MAX", 20)
    few = {msgspec.msgpack.encode(read(elf_of(table(names)), size)) for size in (7, 100, 10**6)}
    assert len(few) == 1
    monkeypatch.undo()
    many = {msgspec.msgpack.encode(read(elf_of(table(names)), size)) for size in (7, 100, 10**6)}
    assert len(many) == 1


def test_a_function_within_another_is_asked_for_by_the_outer_one():
    assert asked_names("Walk.func1") == ("Walk.func1", "Walk")
    assert asked_names("Tree.Insert") == ("Tree.Insert",)
    assert asked_names("Tree.Insert.func1") == ("Tree.Insert",)
    assert asked_names("(*Tree[K]).Insert") == asked_names("*Tree.Insert") == ("Tree.Insert",)
    assert asked_names("Walk$1") == ("Walk",)
    for odd in ("Tree.", ".Insert", "a b", "Tree::Insert"):
        assert asked_names(odd) == ()


def test_a_program_says_how_its_packages_are_called():
    found = read_program("shop", iter([program(NAMES)]))
    assert found is not None
    said = found.functions
    assert said is not None
    assert (said.main, said.system, said.architecture) == (
        "example.com/shop/cmd/shop",
        "linux",
        "amd64",
    )
    assert said.replaced == {"example.com/fork": ("example.com/old",)}
    assert said.unread == ""


def docker_compose() -> bytes:
    return (Path(compose.__file__).parent / "docker-compose").read_bytes()


def test_a_real_program_has_every_function_that_its_own_symbol_table_names():
    content = docker_compose()
    found = read(content)
    assert found.unread == ""
    # A type within a function has a number, which ELF's table writes in another way; and what is made to
    # call a method of another package's embedded type is named after both.
    names = [
        name
        for name in symbols_of(content)
        if "/" in name and "{" not in name and not re.search(r"\.[0-9]+[.)]|\)[^/]*/", name)
    ]
    assert len(names) > 20_000
    missing = [name for name in names if not _is_known(found, name)]
    assert missing == []


def test_of_a_stripped_program_the_same_is_read(tmp_path):
    if shutil.which("strip") is None:
        pytest.skip("no strip here")
    import subprocess

    whole = tmp_path / "whole"
    whole.write_bytes(docker_compose())
    subprocess.run(["strip", "-o", tmp_path / "bare", whole], check=True)
    assert read((tmp_path / "bare").read_bytes()) == read(whole.read_bytes())


def _is_known(found: GoFunctions, name: str) -> bool:
    """Looked for in another way than it was read: by cutting at the first dot behind the last slash."""
    plain = name.partition("[")[0] if "[" in name else name
    dot = plain.find(".", plain.rfind("/") + 1)
    package, rest = plain[:dot].replace("%2e", "."), plain[dot + 1 :]
    if "[" in name:
        return package in found.packages
    words = rest.replace("(*", "").replace(")", "").split("-")[0].split(".")
    kept = found.packages.get(package, b"")
    return is_linked(kept, ".".join(words[:2])) or is_linked(kept, words[0])


def symbols_of(content: bytes) -> list[str]:
    """The functions that ELF's own table of symbols names, of packages of Go."""
    start, size, count = (
        struct.unpack_from("<Q", content, 40)[0],
        *struct.unpack_from("<HH", content, 58),
    )
    sections = [struct.unpack_from("<IIQQQQIIQQ", content, start + n * size) for n in range(count)]
    symtab = next(one for one in sections if one[1] == 2)
    strings = sections[symtab[6]][4]
    found = []
    for at in range(symtab[4], symtab[4] + symtab[5], 24):
        name, info, _, section, _, length = struct.unpack_from("<IBBHQQ", content, at)
        if info & 15 == 2 and section and length:
            end = content.index(b"\0", strings + name)
            text = content[strings + name : end].decode()
            if not text.startswith(("type:", "go:")) and "(" not in text.partition(".")[0]:
                found.append(text)
    return found


@pytest.mark.fuzz
@settings(max_examples=400, deadline=None)
@given(st.binary(max_size=4096), st.integers(0, 300), st.binary(max_size=40))
@example(b"", 0, b"")
def test_no_bytes_at_all_make_it_fall(noise, at, change):
    body = bytearray(table([*RUNTIME, *NAMES]))
    body[at : at + len(change)] = change
    for content in (elf_of(bytes(body) + noise), elf_of(noise), noise):
        found = read(content, 511)
        assert isinstance(found, GoFunctions)
        assert all(len(names) % 3 == 0 for names in found.packages.values())
