"""File forms of instruments: Headwater's own table, UNIQUIP tables, PIDINST JSON. No database."""
