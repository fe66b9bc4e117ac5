"""What a sweep trains next, from what has come out so far: samplers, successive halving, Hyperband, pruning."""
