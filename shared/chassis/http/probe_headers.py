"""Names of the headers of `/livez` and `/readyz` that identify the process and its deployment."""

from typing import Final

DEPLOYMENT: Final = "Huying-Deployment"
PROCESS: Final = "Huying-Process"
