"""Runs of workflows: rows that move by facts, so that nothing is lost, and none done twice."""
