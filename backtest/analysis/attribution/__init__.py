"""Attribution of the return of a run to its sources."""
