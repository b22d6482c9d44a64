"""What pages show and what their forms mean: made from replies and typed texts, with nothing asked and nothing reported."""
