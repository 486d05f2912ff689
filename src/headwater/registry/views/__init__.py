"""The registry's pages: parse, call, render."""
