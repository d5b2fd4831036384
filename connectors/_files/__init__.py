"""Files of a folder and what they hold."""
