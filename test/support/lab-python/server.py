"""One of the lab's servers: answers each message in upper case, and loses 4 answers in 11 on purpose.

Usage: server.py PORT [ADDRESS [LOST]]    ADDRESS defaults to all; LOST of 11 get no answer, 4 when left out.
"""

import random
import socket
import sys

OUT_OF = 11


def main() -> None:
    if not 2 <= len(sys.argv) <= 4:
        sys.exit("usage: server.py PORT [ADDRESS [LOST]]")
    port = int(sys.argv[1])
    address = sys.argv[2] if len(sys.argv) > 2 else "0.0.0.0"
    lost = int(sys.argv[3]) if len(sys.argv) > 3 else 4
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((address, port))
        print("listening on %s:%d" % server.getsockname(), file=sys.stderr, flush=True)
        while True:
            data, client = server.recvfrom(1024)
            draw = random.randint(0, OUT_OF - 1)
            message = data.decode()
            print(message, flush=True)
            if draw >= lost:
                server.sendto(message.upper().encode(), client)


if __name__ == "__main__":
    main()
