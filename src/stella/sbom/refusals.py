"""The refusals of layers, with the one remedy each has."""

from stella.kernel import Remedy
from stella.sbom.errors import BrokenLayer, LayerTooLarge


def broken(why: str) -> BrokenLayer:
    """The refusal of a layer that cannot be read as it is."""
    return BrokenLayer(
        f"the layer is broken: {why}",
        remedy=Remedy("Do not run this image: pull and push it again from a good source."),
        why=why,
    )


def too_large(what: str, **facts: object) -> LayerTooLarge:
    """The refusal of a layer that would take more than a layer may."""
    return LayerTooLarge(
        what,
        remedy=Remedy("Do not run this image; if the layer is right, split it or pack it anew."),
        **facts,
    )
