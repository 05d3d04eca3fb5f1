"""Fakes for those who embed Pilothouse and for its own tests, and the contract checks that keep them honest."""
