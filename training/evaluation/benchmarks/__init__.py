"""A benchmark a file; `training.evaluation.benchmark` says what one is, and finds all that are here."""
