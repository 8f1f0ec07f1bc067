"""What each gate answers, from the documents it is given. Pure."""
