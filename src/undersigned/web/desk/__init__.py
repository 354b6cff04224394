"""The organiser's desk: pages under `/desk`, for who is signed in; each module has one subject."""
