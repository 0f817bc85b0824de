"""Other people's WebRTC against our whole server: Firefox in the web client, and three libraries.

    python -m tests.interop                   every stack that is here
    python -m tests.interop pion aiortc       these, of firefox, pion, pion-tcp, aiortc and gstreamer

Each prints what was tried, a line each, and the command fails when something did not work. pytest collects
nothing here: what was learnt stays in tests/rtc, with the stacks' own answers, and runs without them.

To have them on Debian:

    firefox     apt-get install firefox-esr pulseaudio
    pion        Go; its modules come by themselves
    aiortc      python -m venv ~/.cache/voicechat-interop && ~/.cache/voicechat-interop/bin/pip install aiortc
    gstreamer   apt-get install python3-gi gir1.2-gst-plugins-bad-1.0 gstreamer1.0-plugins-good
                gstreamer1.0-plugins-bad gstreamer1.0-nice

The libraries' programs know no VoiceChat: the trial speaks to the server and hands each offer on as a line of
JSON, `{"offer": sdp, "sends": {mid: source}}`, which is answered by `{"answer": sdp}`; `{}` asks what
came, `{"state": …, "streams": {mid: {"frames": n, …}}}`.

What they taught:

- Pion is passive towards a lite agent, answers `a=simulcast:recv`, and has another SSRC for each new track.
  It sends Opus under the first payload type that fits, so a screen's sound has to be given its parameters.
- aiortc loses all but the first of several sections of a kind in a later offer, unless its bundle policy is
  MAX_BUNDLE. It does not restart ICE, and goes on.
- webrtcbin (1.22) cannot use a section again (`transceiver direction changes are not implemented`), names no
  SSRC for a source that has no caps yet, and answers with one codec.
- webrtcbin checks nothing more once it is connected: whoever only listens is heard of by our asking alone.
- Firefox answers simulcast with the highest layer first, and plays nothing where there is no sound card.
"""
