"""Voice under load: the clients (load), what forwards between them (servers), how late it comes (delays)."""
