"""`python -m pilothouse_app` is `pilothouse`."""

from pilothouse_app.cli import main

main(prog_name="pilothouse")
