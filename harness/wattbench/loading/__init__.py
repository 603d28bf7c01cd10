"""Whether a model can be loaded, and whether what was loaded is what it claims to be."""
