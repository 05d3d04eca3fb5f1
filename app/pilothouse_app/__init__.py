"""The Pilothouse server: the engine behind a REST API, WebSocket routes and a web page."""
