"""What happened, and who is told of it: the journal, alarms, webhooks, and live pages."""
