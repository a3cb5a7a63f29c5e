#!/usr/bin/python3
"""What users of Debian's python3-etcd3 do. Prints a line for each check; takes the port of a member."""
import contextlib, io, itertools, queue, sys
import etcd3

SECONDS = 20
client = etcd3.client(host="127.0.0.1", port=int(sys.argv[1]), timeout=SECONDS)


def check(name, held, detail=""):
    print(f"{'passed' if held else 'FAILED'}  {name}{f': {detail}' if detail else ''}", flush=True)


def value(key):
    return client.get(key)[0]


client.put("py/a", "1")
client.put("py/b", "2")
found, metadata = client.get("py/a")
check("put and get", found == b"1" and metadata.key == b"py/a" and metadata.version == 1, metadata.mod_revision)
check("get of what is not there", client.get("py/none") == (None, None))
check("get by prefix, in descending order", [v for v, _ in client.get_prefix("py/", sort_order="descend", sort_target="key")] == [b"2", b"1"])
check("put if it does not exist", client.put_if_not_exists("py/c", "3") and not client.put_if_not_exists("py/c", "4") and value("py/c") == b"3")
check("replace", client.replace("py/c", "3", "5") and not client.replace("py/c", "3", "6") and value("py/c") == b"5")
check("delete", client.delete("py/c") and not client.delete("py/c") and value("py/c") is None)

moves = client.transactions
done, answers = client.transaction(compare=[moves.value("py/a") == "1", moves.version("py/b") > 0],
                                   success=[moves.put("py/a", "10"), moves.get("py/b")], failure=[moves.delete("py/a")])
check("a transaction whose comparison holds", done and value("py/a") == b"10" and answers[1][0][0] == b"2")
done, answers = client.transaction(compare=[moves.create("py/a") == 0], success=[moves.put("py/a", "never")], failure=[moves.get("py/a")])
check("a transaction whose comparison does not", not done and answers[0][0][0] == b"10" and value("py/a") == b"10")

events, cancel = client.watch_prefix("py/w/")
client.put("py/w/1", "x")
client.put("py/w/2", "y")
client.delete("py/w/1")
seen = [(type(event).__name__, event.key) for event in itertools.islice(events, 3)]
cancel()
check("a watch sees puts and deletes in order", seen == [("PutEvent", b"py/w/1"), ("PutEvent", b"py/w/2"), ("DeleteEvent", b"py/w/1")], seen)
revision = client.get("py/w/2")[1].mod_revision
events, cancel = client.watch_prefix("py/w/", start_revision=revision)
seen = [event.key for event in itertools.islice(events, 2)]
cancel()
check("a watch from a revision sees the past", seen == [b"py/w/2", b"py/w/1"], seen)
called = queue.Queue()
watch = client.add_watch_callback("py/called", lambda response: [called.put(event) for event in response.events])
client.put("py/called", "back")
check("a watch calls back", called.get(timeout=SECONDS).value == b"back")
client.cancel_watch(watch)

lease = client.lease(60)
client.put("py/leased", "v", lease=lease)
check("a lease knows its time and keys", lease.granted_ttl == 60 and 0 < lease.remaining_ttl <= 60 and list(lease.keys) == [b"py/leased"])
check("a lease is renewed", [answer.TTL for answer in lease.refresh()] == [60])
lease.revoke()
check("a revoked lease takes its key along", value("py/leased") is None)
short, gone = client.lease(2), queue.Queue()
client.put("py/short", "v", lease=short)
watch = client.add_watch_callback("py/short", lambda response: [gone.put(type(event).__name__) for event in response.events])
check("a lease that runs out takes its key along", gone.get(timeout=SECONDS) == "DeleteEvent" and value("py/short") is None)
client.cancel_watch(watch)

lock, other = client.lock("py", ttl=20), etcd3.client(host="127.0.0.1", port=int(sys.argv[1]), timeout=SECONDS).lock("py", ttl=20)
held = lock.acquire(timeout=SECONDS) and lock.is_acquired()
# The package waits by a function of an older tenacity than Debian's, so with any server, being refused ends in a TypeError.
with contextlib.suppress(TypeError):
    other.acquire(timeout=1)
refused = not other.is_acquired()
released = lock.release()
check("a lock is held by one, and free when released", held and refused and released and other.acquire(timeout=SECONDS) and other.is_acquired() and not lock.is_acquired())
other.release()

status = client.status()
check("status names the leader", status.leader is not None and status.leader.name in {member.name for member in client.members} and status.raft_term > 0, status.leader.name)
check("members are listed", sorted(member.name for member in client.members) == ["m1", "m2", "m3"])
client.put("py/compacted", "1")
old = client.get("py/compacted")[1].mod_revision
client.put("py/compacted", "2")
client.compact(client.get("py/compacted")[1].mod_revision)
events, cancel = client.watch("py/compacted", start_revision=old)
try:
    next(events)
    check("a watch of the compacted past is refused", False)
except etcd3.exceptions.RevisionCompactedError as refused:
    check("a watch of the compacted past is refused", refused.compacted_revision > old)
saved = io.BytesIO()
client.snapshot(saved)
check("a snapshot is read as a stream", saved.tell() > 4096, f"{saved.tell()} bytes")
check("there are no alarms", list(client.list_alarms()) == [])
check("delete by prefix", client.delete_prefix("py/").deleted > 0 and not list(client.get_prefix("py/")))
