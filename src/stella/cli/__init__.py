"""The command line: each verb translates into one use case."""
