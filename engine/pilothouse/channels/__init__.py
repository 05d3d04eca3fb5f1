"""Layer 1: channels. One Trio nursery each, between a transport and the browser."""
