"""VoiceChat: a self-hosted voice and text server.

The house has floors; imports run down the stairs only (docs/architecture/overview.md):

    app, __main__                         know that everything exists
    features                              the product, one room each; rooms never import each other
    web, gateway                          the two skins: HTTP and WebSocket
    access                                who are you, may you
    house                                 the open resources handed to every handler
    storage, bus, fanout, media, embedded one door each to the outside
    bridge                                the one asyncio thread
    rtc                                   sans-IO WebRTC
    protocol                              the wire contract, declared once
    errors, ids, settings, logs           plain values
"""

__version__ = "0.1.0"
