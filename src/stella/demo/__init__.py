"""The demonstration: a release from a pushed image to verified evidence, on real hosts."""
