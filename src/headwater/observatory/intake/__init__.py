"""Data in: files of open registries, in the shapes their publishers give them, into the store."""
