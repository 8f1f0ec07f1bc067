"""Capabilities of a file, out of its extended attribute. Source: linux/capability.h, vfs_cap_data."""

import struct

_NAMES = (
    *("chown", "dac_override", "dac_read_search", "fowner", "fsetid", "kill", "setgid", "setuid"),
    *("setpcap", "linux_immutable", "net_bind_service", "net_broadcast", "net_admin", "net_raw"),
    *("ipc_lock", "ipc_owner", "sys_module", "sys_rawio", "sys_chroot", "sys_ptrace", "sys_pacct"),
    *("sys_admin", "sys_boot", "sys_nice", "sys_resource", "sys_time", "sys_tty_config", "mknod"),
    *("lease", "audit_write", "audit_control", "setfcap", "mac_override", "mac_admin", "syslog"),
    *("wake_alarm", "block_suspend", "audit_read", "perfmon", "bpf", "checkpoint_restore"),
)
_REVISION_1, _REVISION_2, _REVISION_3 = 1, 2, 3
_UNREADABLE = ("unreadable",)


def capability_names(attribute: bytes) -> tuple[str, ...]:
    """``cap_net_raw`` and so on, permitted or inheritable, sorted; ``unreadable`` for other bytes."""
    if not attribute:
        return ()
    try:
        (magic,) = struct.unpack_from("<I", attribute)
        if magic >> 24 == _REVISION_1:
            low, low_inherited = struct.unpack_from("<II", attribute, 4)
            bits = low | low_inherited
        elif magic >> 24 in {_REVISION_2, _REVISION_3}:
            low, low_inherited, high, high_inherited = struct.unpack_from("<IIII", attribute, 4)
            bits = low | low_inherited | (high | high_inherited) << 32
        else:
            return _UNREADABLE
    except struct.error:
        return _UNREADABLE
    named = {_name(bit) for bit in range(64) if bits >> bit & 1}
    return tuple(sorted(named))


def _name(bit: int) -> str:
    return f"cap_{_NAMES[bit]}" if bit < len(_NAMES) else f"cap_{bit}"
