"""The demo company, loaded at the first start through ordinary facts."""
