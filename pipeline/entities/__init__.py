"""The statistical recogniser: from labelled sentences to a small file of weights, and from a text to persons, organisations and locations.

Read `corpora` (labelled text), `tokens` and `signs` (what is seen of a word), `train` (weights from labelled text), `weights` (the file that ships),
`tag` (a text through the weights), then `score`. `models/` holds the files that ship, each with its card.
"""
