"""What goes together? Sealed sets of image digests."""
