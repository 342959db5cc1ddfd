"""Headers of the answers of `/livez` and `/readyz`: which process of which deployment says this."""

from typing import Final

DEPLOYMENT: Final = "Huying-Deployment"
PROCESS: Final = "Huying-Process"
