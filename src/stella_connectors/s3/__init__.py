"""S3, and what speaks like it: a bucket as an object store, without the SDK of AWS."""

from stella.sdk import Plugin
from stella_connectors.s3.connector import S3Store, open_s3

PLUGIN = Plugin(object_stores={"s3": open_s3})

__all__ = ["PLUGIN", "S3Store", "open_s3"]
