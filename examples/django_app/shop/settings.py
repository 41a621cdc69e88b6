"""As little as a management command needs; a site has its own settings."""

import os

INSTALLED_APPS = ["shop"]
SECRET_KEY = os.environ.get("DJANGO_SECRET_KEY", "only for this example")
USE_TZ = True
