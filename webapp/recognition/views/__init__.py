"""The pages of upload and classify: each view makes one call into the services and shows what came of it."""
