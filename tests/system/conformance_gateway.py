"""What only the gateway's own map can show: writing, ranges, set-points that expire, what is stale."""
import os
import time

from conformance_hub import ROOT, Gateway
from conformance_kit import check, on, same, wait_until

NONE = 0xFFFF
OK, FUNCTION, ADDRESS, VALUE, BUSY, TARGET = 0, 1, 2, 3, 6, 0x0B
STALE = 1  # of states.def
RANGE = 2  # of refusals.def


def code(answer):
    """The exception of an answer, 0 for a good one, None for none."""
    return None if not answer else answer[1] if answer[0] & 0x80 else OK


def codes(what, got, want):
    check(what, got == want, f"{got}, not {want}")


@on("tcp", "rtu")
def units(transport):
    with Gateway() as g:
        client = g.client(transport)
        volts = client.ask(b"\3\0\x64\0\1")
        check("25 the configured unit is the hub", volts[:2] == b"\3\2", volts.hex())
        check("25 unit 11 is cluster 1, laid out as the hub", client.ask(b"\3\0\0\0\2", 11) == client.ask(b"\3\0\0\0\2"))
        want = g.value(client, "cluster2_soc")
        at = g.address("soc").to_bytes(2, "big")
        got = client.ask(b"\3" + at + b"\0\1", 12)
        check("25 unit 12 is cluster 2", int.from_bytes(got[2:], "big") == want != g.value(client, "cluster1_soc"),
              f"{got.hex()}, not {want}")
        none = client.ask(b"\3\0\x64\0\1", 13)
        codes("26 unit 13: there is no third cluster", code(none), TARGET if transport == "tcp" else None)
        codes("27 a write to a cluster's unit is not taken", code(client.ask(b"\6\7\xd0\0\1", 11)), FUNCTION)
        codes("27 a write about a cluster that is not there", code(g.write(client, "write_exclude3", 1)), VALUE)
        same("27 and not accepted", client.ask(b"\3\7\xda\0\5"), client.ask(b"\3\7\xda\0\5"))


@on("tcp", "rtu")
def writing(transport):
    with Gateway() as g:
        client, reader = g.client(transport), g.client(transport, may_write=False)
        codes("50 where writing is off: FC 16", code(g.write(reader, "write_ccl", 100)), FUNCTION)
        codes("50 FC 6", code(reader.ask(b"\6\7\xd0\0\x64")), FUNCTION)
        codes("50 FC 22", code(reader.ask(b"\x16\7\xd0\0\0\0\x64")), FUNCTION)
        codes("50 FC 23", code(reader.ask(b"\x17\0\0\0\1\7\xd0\0\1\2\0\x64")), FUNCTION)
        check("50 and nothing is applied", g.value(client, "command_ccl") == NONE)
        counter = "tcp2_writes_refused" if transport == "tcp" else "rtu2_writes_refused"
        check("50 the refusals are counted", wait_until(lambda: g.value(client, counter) == 4, 2), str(g.value(client, counter)))
        check("50 and told, once a minute", g.wait_log("Writing is off here", 1) and g.log().count("Writing is off here") == 1, g.log())

        codes("49 FC 6 on a measured value", code(client.ask(b"\6\0\x64\0\1")), ADDRESS)
        codes("49 FC 16 on the identification", code(g.write(client, "magic", 0, 0)), ADDRESS)
        codes("49 a reserved word of the block for writes", code(client.ask(b"\6\7\xd3\0\1")), ADDRESS)
        codes("49 outside every block", code(client.ask(b"\6\xff\xff\0\1")), ADDRESS)

        codes("48 70.00 V for a 48 V battery", code(g.write(client, "write_cvl", 7000)), VALUE)
        check("48 nothing is applied", g.value(client, "command_cvl") == NONE)
        wait_until(lambda: g.value(client, "command_cvl_refusal") == RANGE, 1)
        check("48 the refusal can be read", g.value(client, "command_cvl_refusal") == RANGE)
        codes("48 one above what is published as the highest", code(g.write(
            client, "write_cvl", g.value(client, "command_cvl_max") + 1)), VALUE)
        codes("48 one below the lowest", code(g.write(client, "write_cvl", g.value(client, "command_cvl_min") - 1)), VALUE)

        codes("80 two good ones and a reserved word", code(g.write(client, "write_dcl", 500, 5200, 1)), ADDRESS)
        codes("80 two good ones and one out of range", code(g.write(client, "write_ccl", 500, 500, 7000)), VALUE)
        check("80 nothing of them is applied",
              [g.value(client, f"command_{x}") for x in ("ccl", "dcl", "cvl")] == [NONE] * 3)
        client.close()
        reader.close()


@on("tcp", "rtu", waits=True)
def set_points(transport):
    with Gateway() as g:
        client = g.client(transport)
        codes("82 a set-point is taken", code(g.write(client, "write_ccl", 100)), OK)
        check("82 it stands when the answer is there", g.value(client, "command_ccl") == 100)
        check("82 and is in force", g.value(client, "command_ccl_effective") <= 100)
        check("82 with the time it has left", g.value(client, "command_ccl_left") <= 2)
        time.sleep(1)
        codes("81 the same again", code(g.write(client, "write_ccl", 100)), OK)
        time.sleep(1.3)
        check("81 has renewed it and changed nothing else", g.value(client, "command_ccl") == 100)
        time.sleep(1.2)
        check("82 after 2 s without a write it has ended", g.value(client, "command_ccl") == NONE)
        codes("81 a stop", code(g.write(client, "write_stop", 1)), OK)
        codes("81 delivered twice", code(g.write(client, "write_stop", 1)), OK)
        check("81 is one stop", g.value(client, "write_stop") == 1)
        codes("81 its end", code(g.write(client, "write_stop", 0)), OK)
        codes("81 delivered twice, too", code(g.write(client, "write_stop", 0)), OK)
        check("81 is its end", g.value(client, "write_stop") == 0)
        key = g.value(client, "write_reset1")
        codes("81 a reset with the key that was read", code(g.write(client, "write_reset1", key)), OK)
        after = g.value(client, "write_reset1")
        codes("81 delivered twice", code(g.write(client, "write_reset1", key)), OK)
        check("81 is done once: the key has changed once", after != key and g.value(client, "write_reset1") == after,
              f"{key}, {after}, {g.value(client, 'write_reset1')}")
        codes("81 any other key", code(g.write(client, "write_reset1", (after + 100) % 65535)), VALUE)
        client.close()


@on("tcp", "rtu")
def write_flood(transport):
    with Gateway() as g:
        client = g.client(transport)
        got = [code(g.write(client, "write_ccl", 100)) for _ in range(60)]
        check("52 60 writes in a row: some are taken, the rest exception 06", set(got) == {OK, BUSY}, str(set(got)))
        check("52 reads go on", g.value(client, "command_ccl") == 100)
        time.sleep(0.3)
        codes("52 and the client may try again", code(g.write(client, "write_ccl", 100)), OK)
        client.close()


@on("tcp", "rtu")
def holes(transport):
    with Gateway() as g:
        client = g.client(transport, may_write=False)
        same("55 reserved words between registers", client.ask(b"\3\7\xd2\0\7")[4:14], b"\xff" * 10)
        codes("55 a read across a hole", code(client.ask(b"\3\0\x63\0\2")), ADDRESS)
        codes("55 in a hole", code(client.ask(b"\3\x27\x0f\0\1")), ADDRESS)
        about = client.ask(b"\x2b\x0e\1\0")
        check("97 FC 43/14: name and version of two numbers", about.startswith(b"\x2b\x0e\1\x82\0\0\3\0\7hubgate\1\7hubgate\2")
              and about[-4:].count(b".") == 1 and about[-1:].isdigit(), about.hex(" "))
        told = client.ask(b"\x11")
        check("97 FC 17: no library, no version", code(told) == FUNCTION if transport == "tcp" else told == b"\x11\x1chubgate battery HUB gateway\xff",
              told.hex(" "))
        client.close()


@on("rtu")
def broadcast_by_default():
    with Gateway() as g:
        client = g.client("rtu")
        silent = client.ask(b"\6\7\xd0\0\x64", 0)
        check("108 a broadcast write is not answered", silent == b"", silent.hex())
        check("108 and by default not carried out, on a line that may write", g.value(client, "command_ccl") == NONE)


@on("tcp", "rtu", waits=True)
def stale():
    """Cluster 1 is a recorded battery that says no more after a few seconds."""
    log = os.path.join(ROOT, "tests", "captures", "c7.log")
    with Gateway(f"link = replay:{log}\nloop = no\nmodules = 2\nprofile = generic-lfp-16s") as g:
        clients = [g.client("tcp", may_write=False), g.client("rtu", may_write=False)]
        check("56 a battery is read while it speaks", wait_until(lambda: g.get("cluster1_soc") != NONE, 5))
        wait_until(lambda: g.get("cluster1_soc") == NONE, 12)
        for client in clients:
            got = [g.value(client, f"cluster1_{x}") for x in ("voltage", "current", "soc", "charge_current_limit")]
            codes("56 silent for 5 s: its values are not available", got, [0xFFFF, 0x8000, 0xFFFF, 0xFFFF])
            codes("56 its state is STALE", g.value(client, "cluster1_state"), STALE)
            check("56 and its age is there", 50 <= g.value(client, "cluster1_control_age") < 200)
            client.close()
