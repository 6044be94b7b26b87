"""Charts as Altair definitions, one file a chart: pages, pictures and reports all draw the same one."""

from altair.utils.schemapi import disable_debug_mode

# A chart is checked once, when it is drawn, and not each of its parts as well.
disable_debug_mode()
