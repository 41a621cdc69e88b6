"""Many customers at once: an outcome for each, as few requests as the server allows, and a journal to go on with."""

from admin_crm.bulk.creation import create_customers
from admin_crm.bulk.evidence import upload_evidence_files
from admin_crm.bulk.fields import set_custom_fields_of
from admin_crm.bulk.notifications import notify_customers
from admin_crm.bulk.statuses import moderate_customers
from admin_crm.bulk.tags import tag_customers

__all__ = [
    "create_customers",
    "moderate_customers",
    "notify_customers",
    "set_custom_fields_of",
    "tag_customers",
    "upload_evidence_files",
]
