"""Personal data in texts, found by form and checksum. Pure."""
