"""Checks a receipt without any code of runner: python3 check.py RECEIPT PUBLIC_KEY

Prints the changed ranges, the tail, and both roots. It ends with an error if the
signature is not valid, or the hash values do not give the roots. BLAKE3 is written out
here from its paper, as far as inner nodes of the tree need it.
"""

import base64, json, subprocess, sys, tempfile

GROUP = 65536
IV = [0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19]
ORDER = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8]
PARENT, ROOT = 4, 8


def parent(left, right, flags=0):
    m = [int.from_bytes((left + right)[i : i + 4], "little") for i in range(0, 64, 4)]
    v = IV + IV[:4] + [0, 0, 64, PARENT | flags]

    def g(a, b, c, d, x, y):
        for word, first, second in ((x, 16, 12), (y, 8, 7)):
            v[a] = (v[a] + v[b] + word) & 0xFFFFFFFF
            t = v[d] ^ v[a]
            v[d] = (t >> first | t << (32 - first)) & 0xFFFFFFFF
            v[c] = (v[c] + v[d]) & 0xFFFFFFFF
            t = v[b] ^ v[c]
            v[b] = (t >> second | t << (32 - second)) & 0xFFFFFFFF

    for _ in range(7):
        for i in range(4):
            g(i, i + 4, i + 8, i + 12, m[2 * i], m[2 * i + 1])
        for i in range(4):
            g(i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4, m[8 + 2 * i], m[9 + 2 * i])
        m = [m[i] for i in ORDER]
    return b"".join((v[i] ^ v[i + 8]).to_bytes(4, "little") for i in range(8))


def signed(envelope, key):
    """The payload, if the key has signed it."""
    payload = base64.b64decode(envelope["payload"], validate=True)
    kind = envelope["payloadType"].encode()
    raw = base64.b64decode(open(key).read().splitlines()[1])
    assert raw[:2] == b"Ed" and len(raw) == 42
    # The head of an Ed25519 key in X.509 (RFC 8410).
    der = bytes.fromhex("302a300506032b6570032100") + raw[10:]
    with tempfile.TemporaryDirectory() as folder:

        def write(name, content):
            with open(f"{folder}/{name}", "wb") as file:
                file.write(content)
            return f"{folder}/{name}"

        message = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)
        command = ["openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER"]
        command += ["-inkey", write("key", der), "-in", write("message", message)]
        command += ["-sigfile", write("signature", base64.b64decode(envelope["signatures"][0]["sig"]))]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return json.loads(payload)


def parts(start, end, whole):
    """The largest aligned subtrees in a row of groups, without the root."""
    while start < end:
        count = 1
        while start % (2 * count) == 0 and start + 2 * count <= end and (start, 2 * count) != (0, whole):
            count *= 2
        yield start, start + count
        start += count


def roots(said):
    groups = [-(-said[side]["size"] // GROUP) for side in ("old", "new")]
    values = base64.b64decode(said["proof"], validate=True)
    rest = [values[i : i + 32] for i in range(0, len(values), 32)]
    changed = [range(start // GROUP, -(-end // GROUP)) for start, end in said["changed"]]

    def node(start, end):
        inside = sum(index in one for index in range(start, end) for one in changed)
        if inside == 0:
            value = rest.pop(0)
            return value, value
        if inside == end - start:
            return rest.pop(0), rest.pop(0)
        middle = (start + end) // 2
        left, right = node(start, middle), node(middle, end)
        return parent(left[0], right[0]), parent(left[1], right[1])

    common = groups[0] if said["tail"] is None else said["tail"] // GROUP
    known = [{}, {}]
    for part in parts(0, common, min(groups)):
        known[0][part], known[1][part] = node(*part)
    for side in (0, 1):
        for part in parts(common, groups[side], groups[side]):
            known[side][part] = rest.pop(0)
    assert not rest, "too many values"

    def value(side, start, end, flags):
        if (start, end) in known[side]:
            return known[side][start, end]
        left = 1
        while 2 * left < end - start:
            left *= 2
        return parent(value(side, start, start + left, 0), value(side, start + left, end, 0), flags)

    return [value(side, 0, groups[side], ROOT).hex() for side in (0, 1)]


statement = signed(json.load(open(sys.argv[1])), sys.argv[2])
said = statement["predicate"]
assert statement["_type"] == "https://in-toto.io/Statement/v1"
assert statement["subject"][0]["digest"]["blake3"] == said["new"]["blake3"]
assert roots(said) == [said["old"]["blake3"], said["new"]["blake3"]], "other roots"
print(json.dumps([said["changed"], said["tail"], said["old"]["blake3"], said["new"]["blake3"]]))
