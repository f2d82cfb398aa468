#!/usr/bin/env python3
"""An MPS control daemon for the coordinator's tests: no GPU, the same manners.

FAKE_MPS: "fails" does not start, "stubborn" ignores quit and SIGTERM.
"""

import os
import signal
import socket
import sys
import time

FOLDER = os.environ["CUDA_MPS_PIPE_DIRECTORY"]
SOCKET = os.path.join(FOLDER, "control")
STUBBORN = os.environ.get("FAKE_MPS") == "stubborn"


def main():
    if os.environ.get("FAKE_MPS") == "fails":
        print("An instance of this daemon is already running")
        sys.exit(1)
    if sys.argv[1:] == ["-d"]:
        daemonize()
        return
    command = sys.stdin.readline().strip()
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(SOCKET)
        except OSError:
            print("Cannot find MPS control daemon process")
            sys.exit(1)
        client.sendall(command.encode() + b"\n")
        print(client.recv(4096).decode(), end="")


def daemonize():
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(SOCKET)
    listener.listen()
    if os.fork() > 0:
        return
    os.setsid()
    if os.fork() > 0:
        os._exit(0)
    nowhere = os.open("/dev/null", os.O_RDWR)
    for descriptor in range(3):
        os.dup2(nowhere, descriptor)
    if STUBBORN:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with open(os.path.join(FOLDER, "nvidia-cuda-mps-control.pid"), "w", encoding="utf-8") as file:
        file.write(f"{os.getpid()}\n")
    server = os.fork()
    if server == 0:
        listener.close()
        time.sleep(3600)
    while True:
        client, _ = listener.accept()
        command = client.recv(4096).decode().strip()
        if command == "quit" and not STUBBORN:
            os.kill(server, signal.SIGKILL)
            os.waitpid(server, 0)
            client.close()
            os._exit(0)
        client.sendall(f"{server}\n".encode())
        client.close()


main()
