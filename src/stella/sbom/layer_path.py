"""Where a link in a layer leads."""


def link_target(path: str, link: str, *, is_hard: bool) -> str | None:
    """Where a link leads inside the image, or None."""
    is_relative = not is_hard and not link.startswith("/")
    parts = path.split("/")[:-1] if is_relative else []
    for part in link.split("/"):
        if part == "..":
            if is_hard:
                return None
            # Above the root is the root, as for every process in the container.
            del parts[-1:]
        elif part not in {"", "."}:
            parts.append(part)
    return "/".join(parts) or None
