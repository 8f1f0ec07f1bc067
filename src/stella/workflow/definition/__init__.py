"""A workflow as it is written: read, checked whole, and immutable once it is applied."""
