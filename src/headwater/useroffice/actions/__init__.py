"""The only writers of the user office: lock, gather facts, decide, write, record, tell; one transaction each."""
