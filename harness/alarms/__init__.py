"""Sound programs that must raise no alarm: builds, arithmetics and threads, run, judged and counted."""
