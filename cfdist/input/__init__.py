"""From files of any origin to checked Arrow tables with canonical columns."""
