"""A stream in, a page that shows it to whoever looks out: on loopback alone, and with nothing asked of anybody else.

async with deadpan.dashboard.dashboard(listen="127.0.0.1:5740") as served:
    print(served.address)
    await served.run()

Needs the dashboard extra (aiohttp). See docs/dashboard.md.
"""

from deadpan.dashboard.serving import DEFAULT_ADDRESS, dashboard

__all__ = ["DEFAULT_ADDRESS", "dashboard"]
