"""The bench suite: what VoiceChat's voice and chat cost beside the plainest program that does the same.

Read README.md first. `python -m bench` measures, `python -m bench --guard` holds the gates.
"""
