"""What is it? Reference -> digest, manifest, platforms, layers; and attaching things to it."""

from typing import TYPE_CHECKING

from stella.image.resolve import covers, resolve
from stella.kernel.door import late

if TYPE_CHECKING:
    from stella.image.archive import TarImage
    from stella.image.attach import (
        BUNDLE_MEDIA_TYPE,
        artifact_manifest,
        artifact_of,
        attach_artifact,
    )
    from stella.image.errors import (
        AmbiguousImage,
        MalformedLayout,
        MalformedReference,
        NoSuchPlatform,
        NothingToAttachTo,
        UnsupportedImage,
    )
    from stella.image.layout import OciLayout
    from stella.image.manifest import WireConfig, media_type_of, parse_config
    from stella.image.model import Image, PlatformImage, Reference
    from stella.image.reference import parse_reference
    from stella.image.source import ImageSource, read_blob

__all__ = [
    "BUNDLE_MEDIA_TYPE",
    "AmbiguousImage",
    "Image",
    "ImageSource",
    "MalformedLayout",
    "MalformedReference",
    "NoSuchPlatform",
    "NothingToAttachTo",
    "OciLayout",
    "PlatformImage",
    "Reference",
    "TarImage",
    "UnsupportedImage",
    "WireConfig",
    "artifact_manifest",
    "artifact_of",
    "attach_artifact",
    "covers",
    "media_type_of",
    "parse_config",
    "parse_reference",
    "read_blob",
    "resolve",
]

__getattr__ = late(
    __name__,
    {
        "archive": "TarImage",
        "attach": "BUNDLE_MEDIA_TYPE artifact_manifest artifact_of attach_artifact",
        "errors": (
            "AmbiguousImage MalformedLayout MalformedReference NoSuchPlatform "
            "NothingToAttachTo UnsupportedImage"
        ),
        "layout": "OciLayout",
        "manifest": "WireConfig media_type_of parse_config",
        "model": "Image PlatformImage Reference",
        "reference": "parse_reference",
        "source": "ImageSource read_blob",
    },
)
