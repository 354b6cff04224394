"""The trustee's side: check the log, then open exactly the names whose turn has come."""
