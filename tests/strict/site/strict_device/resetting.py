"""Starting the counts again."""

from strict_device import call_log, counting, device_memory


def reset() -> None:
    """Counts, peak and call log start again."""
    counting.clear()
    device_memory.clear_peak()
    call_log.clear()
