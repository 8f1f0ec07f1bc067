"""Components on their own: where their images lie, which tags are versions, and releases made of them."""
