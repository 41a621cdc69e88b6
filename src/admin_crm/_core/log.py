"""The library's logger."""

import logging

log = logging.getLogger("admin_crm")
