"""The formats in which agencies and publishers hand over articles, each in one file: bytes to items.

`recognise` finds out which format some bytes are in; `directory`, `push`, `kafka` and `cap` read through it. A version, a correction or a withdrawal has
the id of the article that it replaces, so that identify makes a revision of it.
"""
