"""HTTP/1.1 over one TLS connection that is kept open, to one server whose CA and name are fixed."""

import asyncio
import binascii
import ssl

_SLICE = 2048  # so much is copied at a time
_MOST_HEADERS = 64
_MOST_BODY = 16384


class Stale(OSError):
    """A kept connection was closed by the other side before it answered: try again on a new one."""


class Client:
    """Sends one request after the other; every failure is an OSError and closes the connection.

    The certificate's chain and `server_name` are checked while connecting to `host`, usually an
    address. Where the check fails nothing was sent, so the key does not leave the node.
    """

    def __init__(self, host, port, server_name, ca_pem, key, timeout_s=20):
        self._host = host
        self._port = port
        self._name = server_name
        self._timeout = timeout_s
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        # MicroPython's ssl module begins with CERT_NONE and would check neither chain nor name.
        self._context.verify_mode = ssl.CERT_REQUIRED
        for certificate in _certificates(ca_pem):
            self._context.load_verify_locations(cadata=certificate)
        self.use(key)
        self._reader = None
        self._writer = None
        self._used = False

    def use(self, key):
        """Signs in with this key from the next request on."""
        self._head = (
            "Host: %s:%d\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\n"
            % (self._name, self._port, key)
        )

    async def request(self, method, path, make_body, more=""):
        """(status, headers with lower-case names, body); `more`: further lines of the head.

        `make_body` is called when the connection stands, so that a message can tell when it was
        sent: MicroPython shakes hands with the first write, which takes a board a second or two.
        """
        if self._writer is None:
            connecting = asyncio.open_connection(
                self._host, self._port, ssl=self._context, server_hostname=self._name
            )
            self._reader, self._writer = await self._bounded(connecting)
            self._used = False
        head = "%s %s HTTP/1.1\r\n%s%s" % (method, path, self._head, more)
        return await self._bounded(self._exchange(head.encode(), make_body))

    async def close(self):
        writer = self._writer
        self._reader = self._writer = None
        if writer is not None:
            writer.close()
            try:
                await asyncio.wait_for(writer.wait_closed(), 2)
            except (OSError, asyncio.TimeoutError):
                pass

    async def _bounded(self, work):
        try:
            return await asyncio.wait_for(work, self._timeout)
        except asyncio.TimeoutError:
            error = OSError("no answer within %d s" % self._timeout)
        except (EOFError, ValueError) as other:
            # MicroPython tells a bad certificate as a ValueError.
            error = OSError(str(other).strip())
        except OSError as other:
            error = other
        await self.close()
        raise error

    async def _exchange(self, head, make_body):
        kept = self._used
        try:
            if not kept:
                await self._write(head)  # shakes hands
                head = b""
            body = make_body()
            head += b"Content-Length: %d\r\n\r\n" % len(body)
            # A small message is one write: the second of two would wait for the first to arrive.
            await self._write(head + bytes(body[:_SLICE]))
            await self._write(body[_SLICE:])
            line = await self._reader.readline()
        except OSError as error:
            if kept:
                raise Stale(str(error))
            raise
        if not line:
            raise (Stale if kept else OSError)("the server closed the connection")
        self._used = True
        while True:
            status = _status(line)
            headers = await self._headers()
            if status >= 200:
                break
            line = await self._reader.readline()  # 1xx: the real answer follows
        answer = await self._body(status, headers)
        if headers.get("connection", "").lower() == "close":
            await self.close()
        return status, headers, answer

    async def _write(self, data):
        data = memoryview(data)
        for i in range(0, len(data), _SLICE):
            self._writer.write(bytes(data[i : i + _SLICE]))
            await self._writer.drain()

    async def _headers(self):
        headers = {}
        for _ in range(_MOST_HEADERS):
            line = (await self._reader.readline()).decode()
            if not line.endswith("\n"):
                raise EOFError("the answer was cut off")
            line = line.strip()
            if not line:
                return headers
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        raise ValueError("too many headers")

    async def _body(self, status, headers):
        if status == 204 or status == 304:
            return b""
        if headers.get("transfer-encoding", "").lower() == "chunked":
            body = b""
            while True:
                length = int((await self._reader.readline()).decode().split(";")[0].strip(), 16)
                body += await self._exactly(length, len(body))
                await self._reader.readline()
                if not length:
                    return body
        return await self._exactly(
            int(headers["content-length"]) if "content-length" in headers else 0, 0
        )

    async def _exactly(self, length, had):
        if not 0 <= length <= _MOST_BODY - had:
            raise ValueError("an answer of %d bytes" % length)
        return await self._reader.readexactly(length) if length else b""


def _certificates(pem):
    """The certificates of a PEM text in the form that every runtime takes, one after the other."""
    parts = pem.split("-----BEGIN CERTIFICATE-----")[1:]
    if not parts:
        raise ValueError("the CA file holds no certificate")
    return [
        binascii.a2b_base64("".join(part.split("-----END CERTIFICATE-----")[0].split()))
        for part in parts
    ]


def _status(line):
    """The status of a line such as b"HTTP/1.1 200 OK"."""
    parts = line.decode().split(None, 2)
    if len(parts) < 2 or not parts[0].startswith("HTTP/1."):
        raise ValueError("not HTTP/1.1")
    return int(parts[1])
