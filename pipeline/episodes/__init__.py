"""Episodes: what people are told about one story under one rule, decided without touching anything. Time is a value.

Reading order: `lifecycle` (the states), `decide` (one match), `clock` (what time alone does), then what they ask: `grouping`, `triggers`, `novelty`,
`situations`, `corrections`, `milestones`, `joining`, `ringing`. `memory` is what triggers remember, `expiry` what may be forgotten.
"""
