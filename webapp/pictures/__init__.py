"""Pictures and zips that strangers send: read, named and made harmless; what every app that takes them shares."""
