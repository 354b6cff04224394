"""The HTTP door: the composition root, the JSON API, the pages, the log's files.

Bytes in, values out; what is done with them is the business of `app`. Nothing here reads the database
in the event loop, keeps a cookie, or logs anything about a request. The API is described in
`docs/formats.md` and at `/api/v1/openapi.json`.
"""
