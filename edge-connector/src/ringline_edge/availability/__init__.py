"""Who is kept from calls, and why: gates, the holds that the PBX keeps for them, and what survives a restart."""
