"""The whole product under measurement: the real server process, people of one guild, sockets and a browser.

It stands on the harness of the tests (tests/support, tests/e2e), so that both use the product the same way.
"""
