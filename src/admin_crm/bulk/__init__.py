"""Many customers at once: an outcome for each, as few requests as the server allows, and a journal to go on with."""

from admin_crm.bulk.creation import create_customers
from admin_crm.bulk.evidence import upload_evidence_files

__all__ = ["create_customers", "upload_evidence_files"]
