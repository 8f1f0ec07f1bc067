"""Sockets that the server listens at."""

import socket

from stella.app.listen import listen, port_of


def test_small_answers_are_not_held_back():
    # Nagle's algorithm and delayed acknowledgements together would cost each answer 40 ms; asyncio
    # turns the former off only for sockets that say they are TCP, and accepted ones inherit it.
    with (
        listen("127.0.0.1", 0, "listen") as listener,
        socket.create_connection(("127.0.0.1", port_of(listener))),
    ):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.proto == socket.IPPROTO_TCP
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
