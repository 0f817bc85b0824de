"""Sans-IO WebRTC as a server needs it: STUN, ICE-lite, DTLS, SDP, negotiation, rooms.

Nothing here opens a socket, waits or reads a clock: datagrams and the time go in, datagrams and events
come out. The media room feeds it and keeps its lifetimes.
"""
