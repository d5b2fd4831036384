"""From bytes to tokens: decoding, markup, hygiene, tokens, language, signature.

Every offset that is stored anywhere refers to the shown text, which `hygiene` makes; `tokens` is the only analyser.
"""
