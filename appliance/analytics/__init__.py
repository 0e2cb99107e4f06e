"""Numbers from numbers: thin wrappers that check and name what the kernels compute."""
