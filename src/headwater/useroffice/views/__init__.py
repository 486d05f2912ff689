"""The user office's pages: parse, call, render."""
