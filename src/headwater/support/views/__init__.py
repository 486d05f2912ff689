"""The pages of terms and money: parse, call, render."""
