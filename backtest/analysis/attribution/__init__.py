"""Attribution: where the return of a run came from."""
