"""RFB, the protocol of VNC (RFC 6143 and the community's rfbproto document)."""
