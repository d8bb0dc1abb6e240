"""What networks are worth, by the protocols of the literature: ``python -m training evaluate``."""
