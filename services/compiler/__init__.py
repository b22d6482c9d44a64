"""Compilation: drives a training set through a provider, step by step, so that any compiler can go on."""
