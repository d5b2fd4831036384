"""Measurements of the pipeline's own parts, and the material they run on."""
