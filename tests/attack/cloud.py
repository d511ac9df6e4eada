#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""cloud.py READY: an instance metadata service that hands out made-up credentials.

Runs in a network namespace that owns 169.254.169.254 and has no link to the machine's network.  Writes the
file READY when it listens.
"""
import http.server
import json
import sys

CREDENTIALS = {"Code": "Success", "Type": "AWS-HMAC", "AccessKeyId": "ASIAEXAMPLE",
               "SecretAccessKey": "made-up", "Token": "made-up"}


class Metadata(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps(CREDENTIALS).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *args):
        pass


def main():
    server = http.server.ThreadingHTTPServer(("169.254.169.254", 80), Metadata)
    with open(sys.argv[1], "w", encoding="ascii"):
        pass
    server.serve_forever()


if __name__ == "__main__":
    main()
