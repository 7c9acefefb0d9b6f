"""The service of a region: verification, queries, issuing, status lists, the inspector's page.

``elicense serve SETTINGS.toml`` runs it. :func:`elicense.web.app.create_app` is the ASGI
application; each router is a file of its own and holds no rule of its own.
"""
