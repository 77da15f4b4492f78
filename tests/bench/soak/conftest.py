"""A folder of their own for these sessions too."""

from tests.integration.conftest import folder_of_sessions as folder_of_sessions
