"""Partnering's pages: parse, call, render."""
