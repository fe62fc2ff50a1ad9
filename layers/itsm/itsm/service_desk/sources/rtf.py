"""RTF: Outlook's compressed rich text made plain RTF again."""

import struct

START = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor "
    b"MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20"
    b"\\b\\i\\u\\tab\\tx"
)
"""What the window holds before the first byte."""
COMPRESSED, PLAIN = 0x75465A4C, 0x414C454D
WINDOW = 4096
MOST = 4_194_304
"""Bytes one body may grow to: a few bytes of it can stand for very many."""


def unpacked(raw: bytes, most: int = MOST) -> bytes:
    """The RTF behind PR_RTF_COMPRESSED, as far as it goes and up to so many bytes; empty for what is none (Microsoft
    [MS-OXRTFCP] 3.1)."""
    if len(raw) < 16:
        return b""
    _, size, kind, _ = struct.unpack_from("<IIII", raw)
    if kind == PLAIN:
        return raw[16 : 16 + min(size, most)]
    return bytes(_expanded(raw, min(size, most))) if kind == COMPRESSED else b""


def _expanded(raw: bytes, size: int) -> bytearray:
    window = bytearray(START.ljust(WINDOW, b"\0"))
    write, at, out = len(START), 16, bytearray()
    while at < len(raw) and len(out) < size:
        control, at = raw[at], at + 1
        for bit in range(8):
            if control >> bit & 1:
                if at + 2 > len(raw):
                    return out
                offset, length = raw[at] << 4 | raw[at + 1] >> 4, (raw[at + 1] & 15) + 2
                at += 2
                if offset == write:
                    return out
                for step in range(length):
                    byte = window[(offset + step) % WINDOW]
                    out.append(byte)
                    window[write], write = byte, (write + 1) % WINDOW
            elif at < len(raw):
                out.append(raw[at])
                window[write], write, at = raw[at], (write + 1) % WINDOW, at + 1
    return out
