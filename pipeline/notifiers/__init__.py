"""Notifiers: one file each. The file name is what a receiver's `notifier:` names in the configuration."""
