"""What every app of the site may use: errors that nobody foresaw, and the audit log."""
