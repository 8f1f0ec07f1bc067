"""What runs on a Windows host, always the same: PowerShell that reads from its input what it is to do.

As by SSH nothing of a command and no secret stands on a command line of the host, and no word passes
``cmd``: the process is begun by its program and one line that Windows itself takes apart.
"""

import base64
import json

from stella.kernel import Json

BEGUN = b"stella begins\n"
MISSING = b"stella misses it\n"

SCRIPT = r"""
$ErrorActionPreference = 'Stop'
$utf8 = New-Object Text.UTF8Encoding $false
$told = [Console]::OpenStandardOutput()
function Say($bytes) { $told.Write($bytes, 0, $bytes.Length); $told.Flush() }
function Begin { Say $utf8.GetBytes("stella begins`n") }
function Miss { Say $utf8.GetBytes("stella misses it`n") }
function Take($count) {
  $bytes = New-Object byte[] $count; $at = 0
  while ($at -lt $count) {
    $got = $given.Read($bytes, $at, $count - $at)
    if ($got -le 0) { exit 1 }
    $at += $got
  }
  , $bytes
}
function Line {
  $bytes = New-Object Collections.Generic.List[byte]
  while ($true) {
    $one = $given.ReadByte()
    if ($one -lt 0) { exit 1 }
    if ($one -eq 10) { break }
    $bytes.Add($one)
  }
  $utf8.GetString($bytes.ToArray())
}
function Refuse($why) { [Console]::Error.WriteLine($why); exit 1 }
# Whoever may write in ProgramData can have made any of these before us, or a link to elsewhere: then its
# owner may open it again whatever we close. So each is ours, the system's or the administrators', or refused.
function Closed($path) {
  $me = [Security.Principal.WindowsIdentity]::GetCurrent().User
  if (-not (Test-Path -LiteralPath $path)) { New-Item -ItemType Directory -Path $path | Out-Null }
  $there = Get-Item -LiteralPath $path -Force
  if (-not $there.PSIsContainer -or ($there.Attributes -band [IO.FileAttributes]::ReparsePoint)) {
    Refuse "$path is no directory, or a link"
  }
  $owner = (Get-Acl -LiteralPath $path).GetOwner([Security.Principal.SecurityIdentifier]).Value
  if (@($me.Value, 'S-1-5-18', 'S-1-5-32-544') -notcontains $owner) {
    Refuse "$path belongs to somebody else"
  }
  $closed = "*$($me.Value):(OI)(CI)F", '*S-1-5-18:(OI)(CI)F', '*S-1-5-32-544:(OI)(CI)F'
  icacls $path /inheritance:r /grant:r $closed | Out-Null
  if ($LASTEXITCODE -ne 0) { Refuse "$path cannot be closed to others" }
}
$asked = $utf8.GetString((Take ([int](Line)))) | ConvertFrom-Json
$content = Take $asked.size
$base = Join-Path $env:ProgramData 'stella\reached'
if ($env:STELLA_REACHED_DIRECTORY) { $base = $env:STELLA_REACHED_DIRECTORY }
else { Closed (Join-Path $env:ProgramData 'stella') }
Closed $base
$place = Join-Path $base $asked.project
Closed $place
switch ($asked.verb) {
  'run' {
    $found = Get-Command -CommandType Application -Name $asked.file -ErrorAction SilentlyContinue
    $program = $found | Select-Object -First 1
    if (-not $program) { Miss; exit 127 }
    $start = New-Object Diagnostics.ProcessStartInfo
    $start.FileName = $program.Path
    $start.Arguments = $asked.arguments
    $start.WorkingDirectory = $place
    $start.UseShellExecute = $false
    $start.RedirectStandardInput = $true
    foreach ($one in $asked.environment) { $start.EnvironmentVariables[$one[0]] = $one[1] }
    Begin
    $process = [Diagnostics.Process]::Start($start)
    try {
      $process.StandardInput.BaseStream.Write($content, 0, $content.Length)
      $process.StandardInput.Close()
    } catch { } # it ended without reading everything: its status says the rest
    $process.WaitForExit()
    exit $process.ExitCode
  }
  'write' {
    $path = Join-Path $place $asked.name
    $draft = Join-Path $place ".$($asked.name).$PID.new"
    [IO.File]::WriteAllBytes($draft, $content)
    if (Test-Path -LiteralPath $path) { [IO.File]::Replace($draft, $path, [NullString]::Value) }
    else { [IO.File]::Move($draft, $path) }
    Begin
    Say $utf8.GetBytes($path)
  }
  'read' {
    $path = Join-Path $place $asked.name
    if (-not (Test-Path -LiteralPath $path)) { Miss; exit 0 }
    $bytes = [IO.File]::ReadAllBytes($path)
    Begin
    Say $bytes
  }
  'login' {
    $own = Join-Path $HOME '.docker'
    if ($env:DOCKER_CONFIG) { $own = $env:DOCKER_CONFIG }
    $made = Join-Path $place ('login-' + [Guid]::NewGuid().ToString('N'))
    New-Item -ItemType Directory -Path $made | Out-Null
    if (Test-Path -LiteralPath $own) {
      $all = Get-ChildItem -LiteralPath $own -Force | Where-Object Name -ne 'config.json'
      $all | Copy-Item -Destination $made -Recurse
    }
    Begin
    Say $utf8.GetBytes($made + "`n")
    $file = Join-Path $own 'config.json'
    if (Test-Path -LiteralPath $file) { Say ([IO.File]::ReadAllBytes($file)) }
  }
  'login_file' {
    [IO.File]::WriteAllBytes((Join-Path $asked.name 'config.json'), $content)
    Begin
  }
  'forget' {
    Remove-Item -LiteralPath $asked.name -Recurse -Force
    Begin
  }
}
"""

PROGRAM = "powershell.exe"
# It takes the script from its input: a command line of cmd has room for 8191 letters.
FIRST = r"""
$given = [Console]::OpenStandardInput(); $size = ''
while (($one = $given.ReadByte()) -ne 10) { if ($one -lt 0) { exit 1 }; $size += [char]$one }
$bytes = New-Object byte[] ([int]$size); $at = 0
while ($at -lt $bytes.Length) {
  $got = $given.Read($bytes, $at, $bytes.Length - $at); if ($got -le 0) { exit 1 }; $at += $got
}
. ([ScriptBlock]::Create([Text.Encoding]::UTF8.GetString($bytes)))
"""


def arguments() -> list[str]:
    """Of ``PROGRAM``: letters, digits and signs of base64 alone, which mean nothing to ``cmd``."""
    encoded = base64.b64encode(FIRST.encode("utf-16-le")).decode()
    return [
        "-NoProfile",
        "-NonInteractive",
        "-ExecutionPolicy",
        "Bypass",
        "-EncodedCommand",
        encoded,
    ]


def asked(verb: str, project: str, content: bytes = b"", **more: Json) -> bytes:
    """What is sent to it: the script, the question, each after its size; and the content."""
    question: dict[str, Json] = {"verb": verb, "project": project, "size": len(content), **more}
    said = json.dumps(question).encode()
    script = SCRIPT.encode()
    return b"%d\n%s%d\n%s%s" % (len(script), script, len(said), said, content)
