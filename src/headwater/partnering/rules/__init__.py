"""Who may see and do what in partnering. Facts in, decisions out."""
