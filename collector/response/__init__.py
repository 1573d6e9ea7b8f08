"""Security incidents that the law asks to report: class, clocks, reminders, reports (应急响应)."""
