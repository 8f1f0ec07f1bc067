"""What ``--fail-on`` can ask of an image beside its findings. Unknown fails, as at a gate."""

from collections.abc import Iterator

from stella.cli.traits_report import lasting_text
from stella.sbom.lifetime import Lifetime
from stella.sbom.traits import Answer, Traits

IMAGE_RULES = ("root", "setuid", "secrets", "end-of-life")


def image_failures(
    traits: Traits | None, lifetime: Lifetime, over: Answer, rules: frozenset[str]
) -> Iterator[str]:
    """Why the rules fail the image. traits: None where nobody looked. over: whether its time is."""
    asked = rules & set(IMAGE_RULES)
    if "end-of-life" in asked and over is not Answer.NO:
        yield f"end of life {lasting_text(lifetime, over)}"
    if traits is None:
        yield from (
            f"unknown: nobody looked for {rule}" for rule in sorted(asked - {"end-of-life"})
        )
        return
    if "root" in asked and traits.user.root is not Answer.NO:
        what = traits.user.reason or "that is root"
        yield f"it begins as {traits.user.name or 'no named user'}: {what}"
    if "setuid" in asked:
        foreign = [one.path for one in traits.privileged if not one.package]
        yield from (f"{path} has more power, and no system package brought it" for path in foreign)
    if "secrets" in asked:
        yield from (f"{one.rule} in {one.path} ({one.where.value})" for one in traits.secrets)
