"""What is on a school's network: every device once, by what was seen of it, and what people say."""
