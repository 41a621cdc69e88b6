"""`python -m admin_crm` is the `admin-crm` command."""

from admin_crm.cli import main

if __name__ == "__main__":  # pragma: no branch
    main()
