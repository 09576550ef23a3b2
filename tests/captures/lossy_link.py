#!/usr/bin/env python3
"""A bad cable: forwards Ethernet frames between two interfaces and loses, delays and doubles some.

usage: lossy_link.py INTERFACE INTERFACE       until it is killed

Only full-size TCP data frames are hit, the same ones in every run; the two TCPs then do what real ones do, with
duplicate ACKs, selective ACKs and retransmissions.
"""
import select
import socket
import sys

BIG = 1200
LOST, HELD, DOUBLED = {4, 5, 12, 20}, {8, 16}, {10, 22}
OUTGOING = 4                           # PACKET_OUTGOING: what this program sent itself


def attach(name):
    link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    link.bind((name, 0))
    return link


def main(names):
    first, second = attach(names[0]), attach(names[1])
    other = {first: second, second: first}
    counts, held = {first: 0, second: 0}, {first: [], second: []}
    print("forwarding", flush=True)
    while True:
        for link in select.select([first, second], [], [], 0.05)[0] or []:
            frame, address = link.recvfrom(65535)
            if address[2] == OUTGOING:
                continue
            out = other[link]
            if len(frame) >= BIG:
                counts[link] += 1
                if counts[link] in LOST:
                    continue
                if counts[link] in HELD:
                    held[link].append(frame)
                    continue
                if counts[link] in DOUBLED:
                    out.send(frame)
            out.send(frame)
            # A frame that was held back leaves after its successor.
            for late in held[link]:
                out.send(late)
            held[link].clear()


if __name__ == "__main__":
    main(sys.argv[1:])
