"""Whether duties are fulfilled, by facts of machines, figures of schools and people's word."""
