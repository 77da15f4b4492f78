"""Whole-process figures: what a user waits for and what a session costs. Never part of the tests."""
