"""A call as it leaves the office: as a signed container, and as a copy in which others are covered."""
