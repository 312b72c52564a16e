"""Python's gevent, which switches stacks inside libev's callbacks: sockets, timers, threads, children, signals, files, fork.

Each part raises if an answer is wrong. One line is printed when all are through; then the loop idles until standard input ends,
so that the caller can look at the process in /proc.
"""
import hashlib
import os
import random
import signal
import sys

import gevent
import gevent.event
import gevent.os
import gevent.pool
import gevent.signal
import gevent.socket
import gevent.subprocess
from gevent.server import StreamServer

HUB = gevent.get_hub()


def check(holds, what):
    if not holds:
        raise SystemExit("gevent_work: " + what)


def echo(connection, _address):
    while True:
        data = connection.recv(65536)
        if not data:
            return
        connection.sendall(data)


def client(address, number):
    """Sends and reads back at once, so that both directions fill up."""
    data = random.Random(number).randbytes(1000 + number * 7001)
    connection = gevent.socket.create_connection(address)
    sender = gevent.spawn(connection.sendall, data)
    received = bytearray()
    while len(received) < len(data):
        piece = connection.recv(65536)
        check(piece, "the echo ended early")
        received += piece
    sender.get()
    connection.close()
    return bytes(received) == data


def sockets():
    server = StreamServer(("127.0.0.1", 0), echo)
    server.start()
    pool = gevent.pool.Pool(25)
    same = pool.map(lambda number: client(server.address, number), range(60))
    check(same == [True] * 60, "an echo differs")
    server.stop()


def timers():
    order = []
    waits = [0.09, 0.01, 0.05, 0.03, 0.07]
    gevent.joinall([gevent.spawn_later(wait, order.append, wait) for wait in waits])
    check(order == sorted(waits), "timers out of order: %s" % order)
    try:
        with gevent.Timeout(0.02):
            gevent.sleep(60)
        check(False, "no timeout")
    except gevent.Timeout:
        pass


def threads():
    blocks = [os.urandom(200000) for _ in range(40)]
    jobs = [HUB.threadpool.spawn(lambda block: hashlib.sha256(block).digest(), block) for block in blocks]
    check([job.get() for job in jobs] == [hashlib.sha256(block).digest() for block in blocks], "a thread's answer differs")


def children():
    def child(number):
        process = gevent.subprocess.Popen(["sh", "-c", "cat; exit %d" % number], stdin=-1, stdout=-1)
        output, _ = process.communicate(b"%d" % number)
        return output == b"%d" % number and process.returncode == number
    check(all(job.get() for job in [gevent.spawn(child, number) for number in range(20)]), "a child's answer differs")


def signals():
    arrived = gevent.event.Event()
    handler = gevent.signal_handler(signal.SIGUSR1, arrived.set)
    os.kill(os.getpid(), signal.SIGUSR1)
    check(arrived.wait(30), "the signal did not arrive")
    handler.cancel()


def files():
    path = os.path.join(os.getcwd(), "watched")
    watcher = HUB.loop.stat(path, 0.11)
    changed = gevent.event.Event()
    watcher.start(changed.set)
    with open(path, "w", encoding="ascii") as file:
        file.write("new")
    check(changed.wait(30), "the new file was not seen")
    watcher.stop()
    watcher.close()


def forks():
    """The child's loop goes on after the fork, with a socket of its own and one that it shares."""
    ours, theirs = gevent.socket.socketpair()
    child = gevent.os.fork()
    if not child:
        status = 1
        try:
            timers()
            sockets()
            theirs.sendall(b"from the child")
            status = 0
        finally:
            os._exit(status)
    check(ours.recv(100) == b"from the child", "the child's loop does not work")
    check(gevent.os.waitpid(child, 0)[1] == 0, "the child failed")
    timers()
    sockets()


for part in (sockets, timers, threads, children, signals, files, forks):
    with gevent.Timeout(60, SystemExit("gevent_work: no end of " + part.__name__)):
        part()

print("parts 7 backend", HUB.loop.backend_int, flush=True)
gevent.socket.wait_read(0)
