"""Who looked at, heard or changed what, when and from where: append-only, each link sealed with the one before."""
