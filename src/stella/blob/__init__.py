"""Where are the bytes? Content-addressed: what is got is what was put, or a refusal."""

from stella.blob.directory import Blobs
from stella.blob.errors import BlobsUnusable, DamagedBlob, NoSuchBlob

__all__ = ["Blobs", "BlobsUnusable", "DamagedBlob", "NoSuchBlob"]
