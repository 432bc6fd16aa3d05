"""Structure factors from other programs' files: reflection files and coordinates."""
