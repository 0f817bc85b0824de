"""The media room: runs the native engine, feeds DTLS, owns the lifetimes of peers."""
