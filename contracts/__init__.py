"""What the world may rely on."""
