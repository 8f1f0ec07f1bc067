"""The program on a host: fetches signed orders, verifies them, carries them out, reports."""
