"""TensorBoard itself, asked over HTTP."""

import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request


class Server:
    """A real TensorBoard in a process of its own on a free port of this machine."""

    def __init__(self, logdir, log):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.log = log
        command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(logdir), "--host", "127.0.0.1"]
        self.process = subprocess.Popen(
            [*command, "--port", str(self.port), "--reload_interval", "1"],
            stdout=log.open("w"),
            stderr=subprocess.STDOUT,
        )

    def get(self, route, body=None, **query):
        url = f"http://127.0.0.1:{self.port}/data/{route}?{urllib.parse.urlencode(query)}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as reply:
            return reply.read()

    def json(self, route, body=None, **query):
        return json.loads(self.get(route, body, **query))

    def wait_for(self, route, ready):
        """Ask until the answer is as it should be, at most a minute."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                answer = self.json(route)
                if ready(answer):
                    return answer
            except (urllib.error.URLError, ConnectionError):
                pass  # not up yet
            time.sleep(0.1)
        raise AssertionError(f"TensorBoard did not answer: {self.log.read_text()}")

    def stop(self):
        self.process.terminate()
        self.process.wait(20)
