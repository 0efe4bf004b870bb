"""The lab's client: ten messages one after another, and up to a second of patience for each answer.

Usage: client.py SERVER_IP SERVER_PORT    With LAB_SHOW_SENDER set it also says where each answer came from.
"""

import os
import socket
import sys
import time

COUNT = 10
PATIENCE_S = 1.0


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit("usage: client.py SERVER_IP SERVER_PORT")
    server = (sys.argv[1], int(sys.argv[2]))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(PATIENCE_S)
        for n in range(1, COUNT + 1):
            sent_at = time.perf_counter()
            client.sendto(("PING %d %s" % (n, time.strftime("%H:%M:%S"))).encode(), server)
            try:
                data, sender = client.recvfrom(1024)
            except socket.timeout:
                print("REQUEST TIMED OUT")
                continue
            print("Message Received", data.decode())
            print("Round Trip Time", time.perf_counter() - sent_at)
            if os.environ.get("LAB_SHOW_SENDER"):
                print("From %s:%d" % sender)


if __name__ == "__main__":
    main()
