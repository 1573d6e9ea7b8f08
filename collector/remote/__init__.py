"""Remote lessons (专递课堂, 同步课堂): which are listed, and what agents are asked for them."""
