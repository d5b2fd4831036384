"""What is known of words: which forms belong together, and which words a German compound may be made of.

Read `store` (the dictionaries on disk, built once from simplemma's), then `compounds` (used for every word of every article), then
`german` (how a German word may stand in a text). `words/` holds the lists that no dictionary has, each with its source and licence.
"""
