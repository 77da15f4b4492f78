"""A stream in, a page that shows it to whoever looks out: on loopback alone, and with nothing asked of anybody else.

async with deadpan.dashboard.Dashboard(listen="127.0.0.1:5740") as dashboard:
    print(dashboard.address)
    await dashboard.run()

Needs the dashboard extra (aiohttp). See docs/dashboard.md.
"""

from deadpan.dashboard.serving import DEFAULT_ADDRESS, Dashboard

__all__ = ["DEFAULT_ADDRESS", "Dashboard"]
