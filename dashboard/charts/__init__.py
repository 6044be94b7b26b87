"""Charts as Altair definitions, one file a chart: pages, pictures and reports all draw the same one."""
