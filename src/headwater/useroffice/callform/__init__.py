"""A call's form: the office writes it entry by entry; versions are published, and never changed."""
