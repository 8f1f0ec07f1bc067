"""Who is on call: schedules as documents, the shifts that people take, and who it is at a time."""
