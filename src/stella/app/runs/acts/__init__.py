"""Steps that are use cases of this server, a file for each sort of them."""
