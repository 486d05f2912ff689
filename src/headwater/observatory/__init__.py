"""The observatory: where the region stands, each figure traceable."""
