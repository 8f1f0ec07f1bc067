"""What starts runs when nobody asks: something that happened, or a time."""
