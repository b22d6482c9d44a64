"""Capture: messages picked in a chat become a training conversation, cleaned for learning. Pure."""
