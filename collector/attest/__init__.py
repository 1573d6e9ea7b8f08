"""What people sign for: the record of it, the documents handed in, what is owed, and reminders."""
