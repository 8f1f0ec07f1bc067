"""Policies as bundles: checked when they are loaded, so that a gate does not find out."""

import re
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files as package_files
from traceback import clear_frames

import msgspec

from stella.kernel import Digest, Json, Remedy, StellaError, canonical_json
from stella.policy.engine import (
    NEEDS,
    RESULTS,
    Ask,
    EngineError,
    PolicyCostsTooMuch,
    builtins,
    new_engine,
    undefined_variable,
)
from stella.policy.engine import ask as ask_here
from stella.policy.errors import (
    MalformedBundle,
    PolicyDoesNotCompile,
    PolicySaysNothing,
    PolicyTakesTooLong,
)
from stella.policy.evaluate import UnreadableResults, read_results
from stella.policy.model import PolicyBundle
from stella.policy.needs import check_needs
from stella.policy.sample import SAMPLES
from stella.policy.syntax import check_calls, check_size

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*)*\.rego\Z")
_NAME_CHARACTERS_MAX = 200
_TEST = "_test.rego"


class _Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    files: dict[str, str]
    schema: int = 1


_decoder = msgspec.json.Decoder(_Document)
_builtins = lru_cache(maxsize=1)(builtins)


def load_bundle(files: Mapping[str, str], *, ask: Ask = ask_here) -> PolicyBundle:
    """The policy that ``files`` (name -> Rego) make, after asking it about two sample releases.

    ask: by which engine; the one here has no bound.
    Raises PolicyDoesNotCompile with the place, PolicyNotRepeatable, PolicyTooLarge,
    PolicyTakesTooLong, PolicySaysNothing, PolicyNeedsUnknown.
    """
    for name in files:
        if not _NAME.match(name) or len(name) > _NAME_CHARACTERS_MAX:
            raise PolicyDoesNotCompile(
                f"{name[:60]!r} is no name for a policy file",
                remedy=Remedy("Name it like severity.rego, in letters, digits, '-', '_' and '/'."),
                name=name,
            )
    check_size(files)
    bundle = _bundle(files)
    try:
        refuse_syntax(files)
        answers = [
            ask(bundle.digest, bundle.files, (RESULTS, NEEDS), msgspec.json.encode(sample))
            for sample in SAMPLES
        ]
    except PolicyCostsTooMuch as error:
        raise PolicyTakesTooLong(
            f"the policy does not get done with an ordinary release: {error.what}",
            remedy=Remedy("Look for loops within loops over all that there is."),
        ) from None
    except EngineError as error:
        clear_frames(error.__traceback__)
        raise _does_not_compile(error) from None
    except StellaError as refusal:
        clear_frames(refusal.__traceback__)
        raise
    for results, needs in answers:
        _check_answer(results)
        check_needs(needs)
    return bundle


def refuse_syntax(files: Mapping[str, str]) -> None:
    """Return where the engine of this version reads it. Nothing of it runs.

    Raises PolicyDoesNotCompile with the place, PolicyNotRepeatable.
    """
    try:
        _check_syntax(files)
    except EngineError as error:
        clear_frames(error.__traceback__)
        raise _does_not_compile(error) from None


def _does_not_compile(error: EngineError) -> PolicyDoesNotCompile:
    place = f"{error.place}: " if error.place else ""
    return PolicyDoesNotCompile(
        f"{place}{error.what}",
        remedy=Remedy("Correct the policy there.", command="stella policy test FILE..."),
        place=error.place,
    )


def _check_syntax(files: Mapping[str, str]) -> None:
    """Read the policy without running it; the engine lives no longer than this.

    An engine must end in the thread that made it. A refusal's traceback would carry it to another
    one, so who catches one clears its frames.
    """
    engine = new_engine(files)
    check_calls(engine.get_ast_as_json(), _builtins())
    unknown = undefined_variable(files, RESULTS)
    if unknown is not None:
        raise unknown


def _check_answer(answer: bytes | None) -> None:
    shape = (
        "Results are objects {rule, outcome, message or objection, component, finding, fix, who}."
    )
    if answer is None:
        raise PolicySaysNothing(
            "the policy has no rule `results` in `package stella.policy`",
            remedy=Remedy(f"Write rules such as `results contains r if {{ ... }}`. {shape}"),
        )
    try:
        read_results(answer)
    except UnreadableResults as error:
        raise PolicySaysNothing(
            f"the policy's results cannot be read: {error}", remedy=Remedy(shape)
        ) from None


def bundle_bytes(bundle: PolicyBundle) -> bytes:
    """The bundle as canonical JSON; its SHA-256 is the bundle's digest."""
    return _bytes(bundle.files)


def parse_bundle(content: bytes) -> PolicyBundle:
    """The bundle in the document, as it was when it was loaded. Raises MalformedBundle."""
    try:
        files = _decoder.decode(content).files
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedBundle(
            f"not a policy bundle: {str(error)[:200]}",
            remedy=Remedy("Get it again from where it was stored."),
        ) from None
    bundle = _bundle(files)
    if Digest.of(content) != bundle.digest:
        raise MalformedBundle(
            "not a policy bundle: its JSON is not canonical",
            remedy=Remedy("Get it again from where it was stored."),
        )
    # It may come from a stranger's packet: bounded before the engine reads it.
    check_size(files)
    return bundle


@lru_cache(maxsize=1)
def starter_bundle() -> PolicyBundle:
    """The policy that an environment has which names none."""
    texts = starter_files()
    return load_bundle({name: text for name, text in texts.items() if not name.endswith(_TEST)})


def starter_files() -> dict[str, str]:
    """The starter policy as files, its tests among them: what to begin an own policy with."""
    folder = package_files("stella.policy") / "starter"
    names = sorted(one.name for one in folder.iterdir() if one.name.endswith(".rego"))
    return {name: (folder / name).read_text("utf-8") for name in names}


def _bundle(files: Mapping[str, str]) -> PolicyBundle:
    return PolicyBundle(Digest.of(_bytes(files)), dict(sorted(files.items())))


def _bytes(files: Mapping[str, str]) -> bytes:
    document: Json = msgspec.to_builtins(_Document(dict(files)))
    return canonical_json(document)
