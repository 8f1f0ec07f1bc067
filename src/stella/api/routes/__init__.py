"""One file a noun; one use case a route."""
