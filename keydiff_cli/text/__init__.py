"""Documents to tokens to blocks, and the prompt around them."""
