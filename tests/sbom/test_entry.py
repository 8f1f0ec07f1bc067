"""ENTRYPOINT and CMD, followed to the program that is really run."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image.images import Layer, MemoryRegistry, Mode, Soft, build, dpkg_status, metadata, push
from stella.sbom import MemoryCache, parse_cyclonedx, scan_image
from stella.sbom.entry.script import read_script
from stella.sbom.entry.words import Unclear, last_command
from stella.sbom.traits import Confidence, EntryPoint

ELF = Mode(b"\x7fELF")
SYSTEM = {
    "etc/os-release": b"ID=debian\nVERSION_ID=12\n",
    "var/lib/dpkg/status": dpkg_status(("bash", "5"), ("postgres", "16"), ("python3", "3.11")),
    "var/lib/dpkg/info/bash.list": b"/.\n/bin/bash\n",
    "var/lib/dpkg/info/postgres.list": b"/.\n/usr/bin/postgres\n",
    "var/lib/dpkg/info/python3.list": b"/.\n/usr/bin/python3.11\n",
    "bin": Soft("usr/bin"),
    **{
        f"usr/bin/{name}": ELF for name in ("bash", "env", "nice", "postgres", "python3.11", "tini")
    },
    "usr/bin/sh": Soft("bash"),
    "usr/bin/python3": Soft("python3.11"),
    "usr/local/bin/gosu": ELF,
    "usr/bin/node": ELF,
    "usr/bin/ruby": ELF,
    "usr/bin/php": ELF,
    "usr/bin/dotnet": ELF,
    "usr/bin/java": Soft("/etc/alternatives/java"),
    "etc/alternatives/java": Soft("/usr/lib/jvm/17/bin/java"),
    "usr/lib/jvm/17/bin/java": ELF,
    "usr/local/bin/gunicorn": Mode(b"#!/usr/bin/python3\nimport sys\n"),
    "usr/lib/python3/dist-packages/gunicorn-22.dist-info/METADATA": metadata("gunicorn", "22"),
    "usr/lib/python3/dist-packages/uvicorn-1.dist-info/METADATA": metadata("uvicorn", "1"),
    "app/main.py": b"print(1)\n",
    "app/server.js": b"listen()\n",
    "app/web.dll": b"MZ",
    "app/app.rb": b"run\n",
    "app/index.php": b"<?php\n",
}
PURL_PYTHON = "pkg:deb/debian/python3@3.11?arch=amd64&distro=debian-12"
PURL_POSTGRES = "pkg:deb/debian/postgres@16?arch=amd64&distro=debian-12"


def entry_of(*layers: dict, **run: object) -> EntryPoint:
    registry = MemoryRegistry()
    image = build(*(Layer.of(files) for files in (SYSTEM, *layers)), **run)
    (result,) = scan_image(registry, push(registry, image), MemoryCache(), tool_version="1")
    assert parse_cyclonedx(result.sbom_bytes) == result.inventory
    assert result.inventory.traits is not None
    assert result.inventory.traits.entry is not None
    return result.inventory.traits.entry


PLAIN = [
    (["postgres", "-D", "/data"], "/usr/bin/postgres", ""),
    (["/bin/postgres"], "/usr/bin/postgres", ""),
    (["tini", "-g", "--", "postgres"], "/usr/bin/postgres", ""),
    (["/usr/bin/tini", "-e", "143", "postgres"], "/usr/bin/postgres", ""),
    (["gosu", "postgres:postgres", "postgres"], "/usr/bin/postgres", ""),
    (["env", "-i", "A=1", "postgres"], "/usr/bin/postgres", ""),
    (["env", "-S", "nice -n 5 postgres -D x"], "/usr/bin/postgres", ""),
    (["nice", "-n", "5", "tini", "postgres"], "/usr/bin/postgres", ""),
    (["/bin/sh", "-c", "exec postgres -D /data"], "/usr/bin/postgres", ""),
    (["/bin/sh", "-c", "A=1 exec postgres 2>&1 >/dev/null"], "/usr/bin/postgres", ""),
    (["/bin/sh", "-ec", "cd /usr/bin && exec ./postgres"], "/usr/bin/postgres", ""),
    (["bash", "-euo", "pipefail", "-c", 'exec "$0" "$@"', "postgres"], "/usr/bin/postgres", ""),
    (["python3", "main.py"], "/app/main.py", "/usr/bin/python3.11"),
    (["python3", "-u", "-W", "error", "/app/main.py", "-m"], "/app/main.py", "/usr/bin/python3.11"),
    (
        ["node", "--enable-source-maps", "-r", "./a.js", "server.js"],
        "/app/server.js",
        "/usr/bin/node",
    ),
    (["java", "-Xmx1g", "-cp", "x", "-jar", "app.jar"], "/app/app.jar", "/usr/lib/jvm/17/bin/java"),
    (["dotnet", "web.dll"], "/app/web.dll", "/usr/bin/dotnet"),
    (["ruby", "-I", "lib", "app.rb"], "/app/app.rb", "/usr/bin/ruby"),
    (["php", "-d", "x=1", "index.php"], "/app/index.php", "/usr/bin/php"),
    (["gunicorn", "shop:app"], "/usr/local/bin/gunicorn", "/usr/bin/python3.11"),
]


@pytest.mark.parametrize(
    ("words", "program", "interpreter"), PLAIN, ids=[" ".join(one[0]) for one in PLAIN]
)
def test_what_only_starts_another_program_is_looked_through(words, program, interpreter):
    files = {"app/app.jar": b"PK\5\6" + b"\0" * 18}
    entry = entry_of(files, Entrypoint=words, WorkingDir="/app")
    assert (entry.program, entry.interpreter) == (program, interpreter), entry
    assert (entry.confidence, entry.reason) == (Confidence.CERTAIN, "")
    assert entry.steps[-1].path in {program, interpreter}


def test_entrypoint_and_command_are_one_list_and_each_step_says_how_and_whose_it_is():
    entry = entry_of(Entrypoint=["tini", "--"], Cmd=["gosu", "db", "postgres"])
    assert [(step.what, step.path, step.how, step.package) for step in entry.steps] == [
        ("tini", "/usr/bin/tini", "ENTRYPOINT", ""),
        ("gosu", "/usr/local/bin/gosu", "started by tini", ""),
        ("postgres", "/usr/bin/postgres", "started by gosu", PURL_POSTGRES),
    ]
    assert (entry.user, entry.package) == ("db", PURL_POSTGRES)
    assert entry_of(Cmd=["postgres"]).steps[0].how == "CMD"


def test_a_module_is_named_with_the_package_that_brings_it():
    entry = entry_of(Cmd=["python3", "-m", "uvicorn", "shop:app"])
    assert (entry.module, entry.interpreter) == ("uvicorn", "/usr/bin/python3.11")
    assert entry.package == "pkg:pypi/uvicorn@1"
    assert entry.steps[0].package == PURL_PYTHON
    assert entry_of(Cmd=["gunicorn", "a:b"]).package == "pkg:pypi/gunicorn@22"
    assert entry_of(Cmd=["java", "-cp", "/app", "shop.Main"]).module == "shop.Main"


POSTGRES = b"""#!/usr/bin/env bash
set -Eeo pipefail
_main() {
	if [ "${1:0:1}" = '-' ]; then
		set -- postgres "$@"
	fi
	if [ "$(id -u)" = '0' ]; then
		exec gosu postgres "$BASH_SOURCE" "$@"
	fi
	exec "$@"
}
if ! _is_sourced; then
	_main "$@"
fi
"""
SIMPLE = b"""#!/bin/sh
# exec nothing
set -e
cat <<EOF
exec other
EOF
exec "$@"
"""
LIKELY = [
    (
        b'#!/bin/sh\n[ "${1#-}" = "$1" ] || set -- postgres "$@"; true\nexec "$@"\n',
        ["-c", "x=1"],
        "/usr/bin/postgres",
        Confidence.LIKELY,
    ),
    (
        b'#!/bin/sh\nif [ "$1" = x ]; then set -- nice "$@"; fi\nexec "$@"\n',
        ["postgres"],
        "/usr/bin/postgres",
        Confidence.LIKELY,
    ),
    (SIMPLE, ["postgres"], "/usr/bin/postgres", Confidence.CERTAIN),
    (POSTGRES, ["postgres"], "/usr/bin/postgres", Confidence.LIKELY),
    (POSTGRES, ["-c", "x=1"], "/usr/bin/postgres", Confidence.LIKELY),
    (
        b"#!/bin/sh\nmigrate\nexec postgres \\\n  -D /data\n",
        [],
        "/usr/bin/postgres",
        Confidence.CERTAIN,
    ),
    (b"#!/bin/sh\npostgres -D x\n", [], "/usr/bin/postgres", Confidence.LIKELY),
    (b"#!/bin/sh\nexec $SERVER -x\n", [], "/usr/bin/postgres", Confidence.CERTAIN),
    (b"#!/bin/sh\nexec ${OTHER:-postgres}\n", [], "/usr/bin/postgres", Confidence.CERTAIN),
    (
        b"#!/bin/sh\ncd /usr/bin\nexec /usr/bin/postgres > log\n",
        [],
        "/usr/bin/postgres",
        Confidence.CERTAIN,
    ),
    (b"#!/bin/sh\nexec 3>&1\nexec postgres\n", [], "/usr/bin/postgres", Confidence.CERTAIN),
    (b"#!/bin/sh\nmigrate && exec postgres\n", [], "/usr/bin/postgres", Confidence.LIKELY),
    (b'#!/bin/sh\nshift\nexec "$@"\n', ["postgres"], "/usr/bin/postgres", Confidence.LIKELY),
    (b"#!/bin/sh -e\nexec python3 /app/main.py\n", [], "/app/main.py", Confidence.CERTAIN),
]


@pytest.mark.parametrize(("script", "command", "program", "confidence"), LIKELY)
def test_a_script_is_followed_to_the_command_it_ends_in(script, command, program, confidence):
    entry = entry_of(
        {"docker-entrypoint.sh": Mode(script)},
        Entrypoint=["/docker-entrypoint.sh"],
        Cmd=command,
        Env=["SERVER=postgres"],
    )
    assert (entry.program, entry.confidence) == (program, confidence), entry
    assert (entry.reason == "") is (confidence is Confidence.CERTAIN)
    assert entry.steps[0].path == "/docker-entrypoint.sh"
    assert entry.steps[1].how == "#! of /docker-entrypoint.sh"


UNKNOWN = [
    ({}, {}, "names no program"),
    ({}, {"Cmd": ["absent"]}, "lies along PATH"),
    ({}, {"Cmd": ["/app/absent"]}, "no layer has a program"),
    ({}, {"Cmd": ["/app/main.py"]}, "no layer has a program"),
    ({}, {"Cmd": ["tini", "--"]}, "not told what to start"),
    ({}, {"Cmd": ["/bin/sh", "-c", "postgres | tee log"]}, "a pipe"),
    ({}, {"Cmd": ["/bin/sh", "-c", "postgres &"]}, "in the background"),
    ({}, {"Cmd": ["/bin/sh", "-c", "exec $(which postgres)"]}, "made by another one"),
    ({}, {"Cmd": ["/bin/sh", "-c", "exec 'postgres"]}, "quotes do not close"),
    ({}, {"Cmd": ["/bin/sh", "-c", "exec $SERVER"]}, "does not set"),
    ({}, {"Cmd": ["/bin/sh", "-c", "if true; then postgres; fi"]}, "ends in"),
    ({}, {"Cmd": ["/bin/sh", "/app/absent.sh"]}, "not noted in any layer"),
    ({"e.sh": Mode(SIMPLE)}, {"Entrypoint": ["/e.sh"]}, "the image gives it nothing"),
    ({"e.sh": Mode(b"#!/bin/sh\n")}, {"Entrypoint": ["/e.sh"]}, "no command at its end"),
    ({"e.sh": Mode(b"#!/bin/sh\nexec /e.sh\n")}, {"Entrypoint": ["/e.sh"]}, "starts itself"),
    (
        {"e.sh": Mode(b"#!/bin/zsh\nexec a\n")},
        {"Entrypoint": ["/e.sh"]},
        "no layer has a program /bin/zsh",
    ),
    ({"e.sh": Mode(b"#!/bin/sh\n" + b"#" * 70_000)}, {"Entrypoint": ["/e.sh"]}, "bytes long"),
    ({"e.sh": Mode(b"#!/bin/sh\nwait\n")}, {"Entrypoint": ["/e.sh"]}, "ends in 'wait'"),
    ({"usr/bin/.wh.postgres": b""}, {"Cmd": ["postgres"]}, "lies along PATH"),
    ({"usr/bin/postgres": Mode(b"", 0o644)}, {"Cmd": ["postgres"]}, "lies along PATH"),
    ({"a": Soft("b"), "b": Soft("a")}, {"Cmd": ["/a"]}, "no layer has a program"),
]


@pytest.mark.parametrize(("files", "run", "reason"), UNKNOWN, ids=[one[2] for one in UNKNOWN])
def test_what_cannot_be_told_is_unknown_with_the_reason(files, run, reason):
    entry = entry_of(files, **run)
    assert entry.confidence is Confidence.UNKNOWN
    assert reason in entry.reason
    assert (entry.program, entry.package) == ("", "")


def test_a_program_that_starts_others_is_only_likely():
    files = {
        "usr/bin/supervisord": Mode(b"#!/usr/bin/python3\n"),
        "usr/bin/npm": Mode(b"#!/bin/node\n"),
    }
    for name in ("supervisord", "npm"):
        entry = entry_of(files, Cmd=[name])
        assert (entry.program, entry.confidence) == (f"/usr/bin/{name}", Confidence.LIKELY)


def test_a_file_that_no_layer_has_may_come_from_a_volume_and_is_only_likely():
    entry = entry_of(Cmd=["node", "/srv/other.js"])
    assert (entry.program, entry.confidence) == ("/srv/other.js", Confidence.LIKELY)


def test_the_last_layer_that_has_the_program_counts_and_links_lead_across_layers():
    entry = entry_of(
        {"usr/bin/postgres": Soft("/opt/pg/postgres"), "opt/pg/postgres": ELF}, Cmd=["postgres"]
    )
    assert entry.program == "/opt/pg/postgres"
    assert (entry.steps[0].layer_index, entry.package) == (1, "")


def test_path_is_the_images_own():
    files = {"opt/bin/serve": ELF}
    assert (
        entry_of(files, Cmd=["serve"], Env=["PATH=/opt/bin:/usr/bin"]).program == "/opt/bin/serve"
    )
    assert entry_of(files, Cmd=["env", "PATH=/opt/bin", "serve"]).program == "/opt/bin/serve"


def test_a_secret_in_the_command_is_told_and_not_written_down():
    token = "glpat-aB3dE5gH7jK9mN1pQ3sT"
    registry = MemoryRegistry()
    script = Mode(f"#!/bin/sh\nexec postgres --token={token}\n".encode())
    image = build(
        Layer.of({**SYSTEM, "e.sh": script}), Entrypoint=["/e.sh"], Cmd=[f"--token={token}"]
    )
    cache = MemoryCache()
    (result,) = scan_image(registry, push(registry, image), cache)
    traits = result.inventory.traits
    assert [(one.where.value, one.path) for one in traits.secrets] == [
        ("command", "1"),
        ("file", "/e.sh"),
    ]
    assert result.inventory.entrypoint == ("/e.sh", "[secret]")
    assert traits.entry.reason == "/e.sh: a secret stands in its commands"
    assert token.encode() not in result.sbom_bytes + b"".join(cache._kept.values())


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("exec app --db-password=Pr0d-S3cret-9 -x", "exec app --db-password=[secret] -x"),
        ("exec app --token 'a b' run", "exec app --token [secret] run"),
        ("DB_PASSWD=abcd exec app", "DB_PASSWD=[secret] exec app"),
        ("exec app ${SECRET:-abcd}", "exec app ${SECRET:-[secret]}"),
        ("mysql -uroot -pPr0d-S3cret-9", "mysql -uroot -p[secret]"),
        ('curl -H "Authorization: Bearer ey.J-9" x', 'curl -H "Authorization: Bearer [secret]" x'),
        *(
            (same, same)
            for same in (
                'exec app --password="$PASSWORD" --token $TOKEN',
                "exec app -p 8080 -p8080:80 --token-file /run/token",
                "exec with-token app",
                "mkdir -p /a1",
            )
        ),
    ],
)
def test_a_value_that_is_given_as_a_secret_is_not_kept(line: str, kept: str):
    script = f"#!/bin/sh\nset -- {line}\n{line}\n".encode()
    found = read_script(script, len(script))
    assert (found.last, found.sets) == (kept, (f"set -- {kept}",))


HOSTILE = [
    {
        "Entrypoint": [
            "/bin/sh",
            "-c",
            'exec /bin/sh -c "$0" "$0" ' + '"$@" ' * 200,
            *["x" * 90] * 100,
        ]
    },
    {"Entrypoint": ["/bin/sh", "-c", "exec $A" + "$A" * 900], "Env": ["A=" + "b" * 3900]},
    {"Entrypoint": ["/bin/sh", "-c", "exec $A"], "Env": ["A=" + "b" * 1_000_000]},
    {"Entrypoint": ["a/" * 1_000_000 + "b"]},
    {
        "Entrypoint": ["b"],
        "Env": ["PATH=" + ":".join(["/a" * 400] * 4)],
        "WorkingDir": "/a" * 500_000,
    },
    {"Entrypoint": ["x"] * 200_000},
    {"Entrypoint": ["nice"] * 900},
    {"Entrypoint": ["/l0"]},
]


@pytest.mark.long
@pytest.mark.parametrize("run", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.timeout(120)
def test_an_image_that_wants_to_be_followed_for_ever_is_not(run):
    links = {f"l{n}": Soft(f"/l{n + 1}") for n in range(100)}
    folders = {"a": Soft("/a/a")}
    entry = entry_of({**links, **folders}, **run)
    assert entry.confidence is Confidence.UNKNOWN
    assert entry.reason


@pytest.mark.long
@given(st.text(max_size=200), st.lists(st.text(max_size=10), max_size=4))
def test_any_line_ends_in_a_command_or_in_a_reason(line, arguments):
    ended = last_command(line, {"A": "b"}, arguments)
    assert ended.reason if isinstance(ended, Unclear) else ended.words[0] is not None


@given(st.binary(max_size=300))
def test_any_bytes_can_be_a_script(content):
    script = read_script(b"#!/bin/sh\n" + content, len(content) + 10)
    assert script.interpreter == ("/bin/sh",)


@pytest.mark.long
@given(
    st.lists(
        st.sampled_from(
            [
                "tini",
                "--",
                "env",
                "sh",
                "-c",
                "exec",
                "$@",
                "A=1",
                "-n",
                "gosu",
                "x",
                "python3",
                "-m",
            ]
        ),
        max_size=12,
    )
)
def test_any_words_end(words):
    entry = entry_of(Entrypoint=words)
    assert (entry.reason != "") or entry.confidence is Confidence.CERTAIN
