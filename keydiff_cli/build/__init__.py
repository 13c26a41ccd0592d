"""Building llama-cpp-python with the patches of ``patches/`` (see the README there)."""
